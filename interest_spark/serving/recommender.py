"""Suggestions for a batch of users: the model's best items, then popularity where the model falls short."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from interest_spark.features.sequences.tokens import Histories
from interest_spark.foundation.errors import BadDataError
from interest_spark.serving.popularity import Popularity
from interest_spark.serving.topk import NO_ITEM, Catalogue, Excluded, Vectors


class Encoder(Protocol):
    """A trained model as scoring sees it."""

    item_index: np.ndarray  # int32[V], ascending: the items it can suggest
    item_ids: pa.StringArray  # their ids
    item_vectors: Vectors  # float32[V, d]

    def knows(self, histories: Histories) -> np.ndarray:
        """bool[n]: whether it can make anything of each history, a row with the lists of `sequences`."""

    def encode(self, histories: Histories) -> Vectors:
        """float32[n, d] for n histories that it knows; sparse where these are the histories themselves, as weights of
        items, and no vectors of users that anybody would want.
        """

    @property
    def reranker(self) -> "Reranker | None":
        """What ranks each user's best items anew; None where the products are the last word."""


class Reranker(Protocol):
    """A model's second stage as scoring sees it; `candidates`: how many of a user's best items it looks at."""

    candidates: int

    def rerank(self, histories: Histories, vectors: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """float32[n, c]: scores of n users' best items, int64[n, c] places in `item_index`, NO_ITEM for none.

        vectors: float32[n, d], what `encode` gave for the histories.
        """


@dataclass(frozen=True)
class Lists:
    """One variable-length list of item_index per user: user `users[j]` (ascending) has `items[j]`."""

    count: int
    users: np.ndarray
    items: np.ndarray

    @classmethod
    def of_lengths(cls, lengths: np.ndarray, items: np.ndarray) -> "Lists":
        return cls(len(lengths), np.repeat(np.arange(len(lengths)), lengths), items)

    @classmethod
    def of_column(cls, column: pa.ListArray) -> "Lists":
        """One list a row; none where it is null."""
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        return cls.of_lengths(lengths.to_numpy(zero_copy_only=False), column.flatten().to_numpy())

    def of(self, user: int) -> np.ndarray:
        """That user's list."""
        low, high = np.searchsorted(self.users, (user, user + 1))
        return self.items[low:high]


@dataclass(frozen=True)
class Suggestions:
    """For n users: `served` bool[n] tells whom the model answered and `vectors` float32[served, d] holds those, with
    d = 0 of a model without vectors of users.

    `choices` int64[n, k] counts the model's items first and then those of popularity; `scores` float64[n, k].
    A list that could not be filled ends with NO_ITEM.
    """

    served: np.ndarray
    vectors: np.ndarray
    choices: np.ndarray
    scores: np.ndarray


class Recommender:
    """An encoder and a popularity list, laid out once for many batches."""

    def __init__(
        self, encoder: Encoder, popularity: Popularity, k: int, exclude_seen: bool, blocked_items: Sequence[str]
    ) -> None:
        self._encoder, self._popularity = encoder, popularity
        self._k, self._exclude_seen = k, exclude_seen
        blocked = pc.is_in(encoder.item_ids, pa.array(blocked_items, pa.string()))
        allowed = np.flatnonzero(~blocked.to_numpy(zero_copy_only=False))
        self._allowed = allowed
        self._candidate = _lookup(encoder.item_index[allowed])
        looked_at = k if encoder.reranker is None else max(k, encoder.reranker.candidates)
        self._catalogue = Catalogue(_finite(encoder.item_vectors)[allowed], looked_at)
        self.item_ids = pa.concat_arrays([encoder.item_ids, popularity.item_id])
        self.model_items = len(encoder.item_index)

    def suggest(self, histories: Histories, seen: Lists) -> Suggestions:
        """Suggestions for the users of both; `seen` are the items to leave out if seen ones are excluded."""
        served = self._encoder.knows(histories)
        choices = np.full((len(served), self._k), NO_ITEM, np.int64)
        scores = np.full((len(served), self._k), np.nan)
        known = histories.filter(pa.array(served))
        vectors = self._encode(known)
        found, dots = self._catalogue.top_k(vectors, self._excluded(seen, served))
        best = np.append(self._allowed, NO_ITEM)[found]  # NO_ITEM is -1, the last place
        if self._encoder.reranker is not None and isinstance(vectors, np.ndarray):
            best, dots = _best_first(best, self._encoder.reranker.rerank(known, vectors, best), self._k)
        choices[served], scores[served] = best, dots
        self._fill(choices, scores, seen)
        published = vectors if isinstance(vectors, np.ndarray) else np.empty((len(found), 0), np.float32)
        return Suggestions(served, published, choices, scores)

    def _encode(self, histories: Histories) -> Vectors:
        if not histories.num_rows:
            return np.empty((0, self._encoder.item_vectors.shape[1]), np.float32)
        return _finite(self._encoder.encode(histories))

    def _excluded(self, seen: Lists, served: np.ndarray) -> Excluded:
        """The seen items as pairs of the top-K call, whose users are the served ones."""
        if not self._exclude_seen:
            return Excluded.nothing()
        items = _find(self._candidate, seen.items)
        relevant = (items != NO_ITEM) & served[seen.users]
        return Excluded((np.cumsum(served) - 1)[seen.users[relevant]], items[relevant])

    def _fill(self, choices: np.ndarray, scores: np.ndarray, seen: Lists) -> None:
        """Append popular items to the lists that are short, in place."""
        for user in np.flatnonzero(choices[:, -1] == NO_ITEM):
            have = np.count_nonzero(choices[user] != NO_ITEM)
            without = self._encoder.item_index[choices[user, :have]]
            if self._exclude_seen:
                without = np.concatenate([without, seen.of(user)])
            places = self._popularity.best(self._k - have, without=without)
            choices[user, have : have + len(places)] = self.model_items + places
            scores[user, have : have + len(places)] = self._popularity.share[places]


def _best_first(items: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best of each row by descending score, then ascending item: int64[n, k] and float32[n, k]."""
    if np.isnan(scores).any():
        raise BadDataError(
            "the model's second stage gives scores that are not numbers; train again with a lower "
            "train.optimizer.learning_rate"
        )
    order = np.lexsort((items, -scores), axis=1)[:, :k]
    return np.take_along_axis(items, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _finite(vectors: Vectors) -> Vectors:
    if not np.isfinite(vectors if isinstance(vectors, np.ndarray) else vectors.data).all():
        raise BadDataError(
            "the model gives vectors that are not finite; train again with a lower train.optimizer.learning_rate"
        )
    return vectors


def _lookup(keys: np.ndarray) -> np.ndarray:
    """An array that gives each key's place among `keys`, and NO_ITEM for other numbers."""
    places = np.full(int(keys.max(initial=0)) + 1, NO_ITEM, np.int64)
    places[keys] = np.arange(len(keys))
    return places


def _find(lookup: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The places of `keys`, numbers from 0 that may lie beyond the lookup's end."""
    return np.where(keys < len(lookup), lookup[np.minimum(keys, len(lookup) - 1)], NO_ITEM)
