"""What a token is to the network before its layers: its item, its place and its declared columns, as one vector."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX, MASK_INDEX, PADDING_INDEX
from interest_spark.schemas.tokens import ColumnScheme


class TokenEmbedding:
    """One table each for items, positions and every one of `inputs`, whose rows are added up.

    With `tied_output` the item table is also the output's (Press and Wolf 2017, arXiv:1608.05859). `max_positions` is
    None where the layers tell the order of tokens themselves: there is no table of positions then. `masked`: there are
    MASK tokens, which have a vector of their own in the place of an item's.
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
        self._scale = float(dim) ** 0.5

    def __call__(self, tokens: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """float32[B, T, d] of the tokens `item`, `position` and the declared inputs: int32[B, T]."""
        x = self._of_items(tokens["item"])  # [B, T, d]
        for name, table in self._inputs.items():
            x += tf.gather(table, tokens[name])  # [B, T, d]
        x *= self._scale
        return x if self._positions is None else x + tf.gather(self._positions, tokens["position"])

    def _of_items(self, item: tf.Tensor) -> tf.Tensor:
        if self._mask is None:
            return tf.gather(self._items, item)
        hidden = (item == MASK_INDEX)[:, :, None]
        return tf.where(hidden, self._mask, tf.gather(self._items, tf.maximum(item, PADDING_INDEX)))

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """int32[C] -> float32[C, d]."""
        return tf.gather(self._outputs, rows)
