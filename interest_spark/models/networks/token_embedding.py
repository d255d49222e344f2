"""What a token is to the network before its layers: its item, its place and its declared columns, as one vector."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.item_attributes import ItemAttribute
from interest_spark.models.networks.item_content import ItemContent
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX, MASK_INDEX, PADDING_INDEX
from interest_spark.schemas.tokens import ColumnScheme


class TokenEmbedding:
    """One table each for items, positions and every one of `inputs`, whose rows are added up.

    With `tied_output` the item table is also the output's (Press and Wolf 2017, arXiv:1608.05859). `max_positions` is
    None where the layers tell the order of tokens themselves: there is no table of positions then. `masked`: there are
    MASK tokens, which have a vector of their own in the place of an item's. `content`: how many numbers the content
    vectors of items have, by source; their projections are added to the items' own vectors, of input and output alike.
    `attributes` of items have tables of `attribute_codes` vectors, which are added in the same places.
    B blocks of T tokens, d = dim, V items, C codes of an input.
    """

    def __init__(
        self,
        vocabulary_size: int,
        max_positions: int | None,
        dim: int,
        inputs: Sequence[str],
        columns: ColumnScheme,
        parameters: Parameters,
        *,
        tied_output: bool,
        masked: bool,
        content: Mapping[Any, int],
        content_dropout: float,
        attributes: Sequence[str] = (),
        attribute_codes: int = 0,
    ) -> None:
        # Padding and unknown items carry no information: rows of zeros that only an input could change.
        table = vocabulary_size, dim
        self._items = parameters.item_table("items", *table, zero_rows=FIRST_ITEM_INDEX)  # [V, d]
        self._outputs = self._items if tied_output else parameters.item_table("output_items", *table)  # [V, d]
        self._positions = (
            None if max_positions is None else parameters.normal("positions", max_positions, dim)
        )  # [T, d]
        self._inputs = {
            name: parameters.normal(f"input/{name}", columns.codes(name), dim, zero_rows=1)  # [C, d]
            for name in inputs
        }
        self._mask = parameters.normal("mask", dim) if masked else None  # [d]
        self._content: list[ItemContent | ItemAttribute] = [
            *(ItemContent(name, *table, width, parameters) for name, width in content.items()),
            *(ItemAttribute(name, *table, attribute_codes, parameters) for name in attributes),
        ]
        self._content_rate = content_dropout
        self._scale = float(dim) ** 0.5

    def __call__(self, tokens: Mapping[str, tf.Tensor], dropout: Dropout = no_dropout) -> tf.Tensor:
        """float32[B, T, d] of the tokens `item`, `position` and the declared inputs: int32[B, T].

        `dropout` decides which of them are shown without their content.
        """
        x = self._of_items(tokens["item"])  # [B, T, d]
        if self._content:
            x += self._content_of(tokens["item"], dropout)
        for name, table in self._inputs.items():
            x += tf.gather(table, tokens[name])  # [B, T, d]
        x *= self._scale
        return x if self._positions is None else x + tf.gather(self._positions, tokens["position"])

    def _of_items(self, item: tf.Tensor) -> tf.Tensor:
        if self._mask is None:
            return tf.gather(self._items, item)
        hidden = (item == MASK_INDEX)[:, :, None]
        return tf.where(hidden, self._mask, tf.gather(self._items, tf.maximum(item, PADDING_INDEX)))

    def _content_of(self, item: tf.Tensor, dropout: Dropout) -> tf.Tensor:
        """float32[B, T, d]: nothing for MASK tokens, whose item is hidden, as for padding and unknown items."""
        rows = tf.maximum(item, PADDING_INDEX)
        summed = tf.add_n([content(rows) for content in self._content])
        shown = dropout(tf.ones_like(summed[:, :, :1]), self._content_rate) > 0  # [B, T, 1]
        return tf.where(shown, summed, tf.zeros_like(summed))

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """int32[C] -> float32[C, d]."""
        vectors = tf.gather(self._outputs, rows)
        return tf.add_n([vectors, *(content(rows) for content in self._content)]) if self._content else vectors
