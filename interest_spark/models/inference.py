"""A trained model ready for use: histories in, user vectors out, beside the vectors of all candidates."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.network_section import NetworkSection
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.config.training.second_stage import SecondStageConfig
from interest_spark.features.blocks.masks import append_masks
from interest_spark.features.blocks.packing import place, ranges
from interest_spark.features.blocks.user_attributes import user_codes
from interest_spark.features.sequences.tokens import Histories, flat_items, history_bounds, token_columns
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location
from interest_spark.models.card import ModelCard, network_of, read_card
from interest_spark.models.networks.network import Network
from interest_spark.models.networks.second_stage.reranking import NO_ITEM, Reranker
from interest_spark.models.runtime import use_threads
from interest_spark.storage.bundles import Bundle, read_bundle

_BLOCKS_AT_ONCE = 16


def load_encoder(path: Location | str, manifest_sha256: str | None = None, threads: int = 1) -> "Encoder":
    """Read a bundle, check its seal, and build its network.

    `threads` holds for the whole process and only when TensorFlow has not run in it yet.
    Raises BadDataError when the bundle is missing, changed, or not a network of this code.
    """
    bundle = read_bundle(path, manifest_sha256)
    use_threads(threads)
    try:
        return Encoder(bundle)
    except BadDataError as error:
        raise BadDataError(f"model bundle {path}: {error}") from None


class Encoder:
    """Turns histories into vectors whose products with `item_vectors` are the scores.

    Histories are rows with the position-aligned lists of `sequences`, oldest event first; of these `item_index` is
    needed and what the network's token columns are computed from (`source_lists` of `token_columns`). Where it looks at
    attributes of users they have these, too (with_user_attributes).

    item_index: int32[C], the candidates, ascending. item_ids: the shop's ids, aligned with item_index
    (a pyarrow StringArray: `.take(rows)`, `.to_pylist()`). item_vectors: float32[C, d], aligned too.
    reranker: the second stage, None where products of vectors alone rank.
    max_length: how many of a history's last items are looked at: as many as a block has tokens, or one less where the
    network trains masked, since a MASK token then follows them. model_version: the bundle's.
    """

    def __init__(self, bundle: Bundle) -> None:
        card = read_card(bundle.config)
        self.model_version = card.model_version
        self._tokens, self._masked = card.max_length, card.network.masked
        self.max_length = self._tokens - self._masked
        self.token_columns = card.network.token_columns
        self._user_attributes, self._user_codes = card.network.user_attributes, card.network.user_attribute_codes
        self._scheme = card.columns
        self.item_index: np.ndarray = bundle.items["item_index"].to_numpy().astype(np.int32)
        self.item_ids: pa.StringArray = bundle.items["item_id"].combine_chunks()
        if len(self.item_index) and self.item_index[-1] >= card.vocabulary_size:  # it is ascending
            raise BadDataError(
                f"item {self.item_index[-1]} has no row among {card.vocabulary_size}; train again with `interest train`"
            )
        self._network = _trained_network(card, bundle.weights)
        self._is_candidate = np.zeros(card.vocabulary_size, bool)
        self._is_candidate[self.item_index] = True
        self.item_vectors: np.ndarray = self._network.item_vectors(self.item_index).numpy()
        stage = self._network.second_stage
        self.reranker = None if stage is None else HistoryReranker(self, Reranker(stage, self.item_vectors))
        block = tf.TensorSpec([None, self._tokens], tf.int32)  # one trace for any number of blocks
        columns = (*self.token_columns, *card.network.user_columns)
        tokens = dict.fromkeys(("item", "position", "segment", *columns), block)
        cells = tf.TensorSpec([None], tf.int32)
        self._vectors_at = tf.function(self._encode_cells, input_signature=[tokens, cells], autograph=False)

    def knows(self, histories: Histories) -> np.ndarray:
        """bool[n]: whether each history holds a candidate, without which there is nothing to encode."""
        lengths, _ = self._known_events(histories)
        return lengths > 0

    def encode(self, histories: Histories) -> np.ndarray:
        """float32[n, d]: the network's output at the last known item of each history, or the MASK token after it.

        Items that are no candidates are left out, as the network never saw a token in their place: on ML-1M with
        every fifth item unknown that gives NDCG@10 .132, a stand-in token of zeros .095, intact histories .138.
        Of the rest the last `max_length` count. A history's vector does not depend on the others beyond rounding.
        A history without a candidate gets zeros: ask `knows` first.
        """
        lengths, events = self._known_events(histories)
        vectors = np.zeros((len(lengths), self.item_vectors.shape[1]), np.float32)
        filled = np.flatnonzero(lengths)
        placement = place(lengths[filled] + self._masked, self._tokens)
        columns = {"item": flat_items(histories), **token_columns(histories, self._scheme, self.token_columns)}
        columns = {name: values[events] for name, values in columns.items()}
        if self._masked:
            columns = append_masks(columns, np.cumsum(lengths[filled]))
        blocks = {name: placement.lay_out(values) for name, values in columns.items()}
        for name, codes in user_codes(histories, self._user_attributes, self._user_codes).items():
            blocks[name] = placement.lay_out(np.repeat(codes[filled], placement.lengths))
        blocks |= {"position": placement.positions(), "segment": placement.segments()}
        for first in range(0, placement.blocks, _BLOCKS_AT_ONCE):
            here = (placement.block >= first) & (placement.block < first + _BLOCKS_AT_ONCE)
            cells = placement.last_cells[here] - first * self._tokens
            batch = {name: values[first : first + _BLOCKS_AT_ONCE] for name, values in blocks.items()}
            vectors[filled[here]] = self._vectors_at(batch, cells.astype(np.int32)).numpy()
        return vectors

    def last_places(self, histories: Histories, count: int) -> np.ndarray:
        """int64[n, count]: places of each history's last candidates, the newest last, NO_ITEM for none.

        The newest place is that of the token which answers: where it is a MASK token, no item.
        """
        lengths, events = self._known_events(histories)
        found = np.searchsorted(self.item_index, flat_items(histories)[events])
        ends = np.cumsum(lengths)[:, None]
        back = np.arange(1 - count, 1) + self._masked  # 0 is the newest event, 1 the MASK token after it
        inside = (back > -lengths[:, None]) & (back <= 0)
        return np.where(inside, np.append(found, NO_ITEM)[np.where(inside, ends - 1 + back, -1)], NO_ITEM)

    def _known_events(self, histories: Histories) -> tuple[np.ndarray, np.ndarray]:
        """How many of each history's last candidates are looked at, and where among the flattened events they are."""
        items, bounds = flat_items(histories), history_bounds(histories)
        known = (items >= 0) & (items < len(self._is_candidate))
        known[known] = self._is_candidate[items[known]]
        owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
        found = np.bincount(owner[known], minlength=len(bounds) - 1)
        lengths = np.minimum(found, self.max_length)
        return lengths, np.flatnonzero(known)[ranges(np.cumsum(found) - lengths, lengths)]

    def _encode_cells(self, tokens: dict[str, tf.Tensor], cells: tf.Tensor) -> tf.Tensor:
        hidden = self._network.encode(tokens)  # [B, T, d]
        return tf.gather(tf.reshape(hidden, [-1, hidden.shape[2]]), cells)  # [n, d]


class HistoryReranker:
    """An encoder's second stage: histories and candidates in, better scores out.

    candidates: how many of a user's best items it is to be given.
    """

    def __init__(self, encoder: Encoder, reranker: Reranker) -> None:
        self.candidates = reranker.candidates
        self._encoder, self._reranker = encoder, reranker

    def rerank(self, histories: Histories, vectors: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """float32[n, c], higher is better, -inf for none.

        vectors: float32[n, d], what `encode` gave for the histories. asked: int[n, c], places among the encoder's
        `item_index`, -1 for none.
        """
        history = self._encoder.last_places(histories, self._reranker.looks_back)
        return self._reranker.score(vectors, history, asked)


def _trained_network(card: ModelCard, weights: Mapping[str, np.ndarray]) -> Network:
    """A bundle's network with its weights.

    Raises BadDataError unless they are all that it has, in its own shapes, and finite. That is found out before
    anything is allocated: a card may ask for more than any machine holds.
    """
    largest = max((len(weights), *(size for array in weights.values() for size in array.shape)))
    sizes = {"vocabulary_size": card.vocabulary_size, "max_length": card.max_length, **_whole_numbers(card.network)}
    if card.second_stage is not None:
        widths = _whole_numbers(card.second_stage).items()
        sizes |= {f"second_stage.{name}": size for name, size in widths if name not in card.second_stage.changeable}
    beyond = [name for name, size in sizes.items() if size > largest]
    if beyond:
        raise BadDataError(
            f"model {card.model_version} has no weights for its {beyond[0]}; train again with `interest train`"
        )
    with tf.Graph().as_default():  # which knows shapes and holds no values
        network_of(card).parameters.check(weights)
    network = network_of(card)
    network.parameters.assign(weights)
    return network


def _whole_numbers(section: NetworkConfig | SecondStageConfig) -> dict[str, int]:
    """What decides how many weights a network has, and how large they are."""
    own = {name: value for name, value in section if type(value) is int}
    if not isinstance(section, NetworkSection):
        return own
    if not section.attributes:
        own.pop("attribute_codes")
    if not section.user_attributes:
        own.pop("user_attribute_codes")
    return {**own, **{f"content.{source}": width for source, width in section.content.items()}}
