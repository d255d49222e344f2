"""MASK tokens: what blocks and histories look like to a network that tells a hidden item from all that surrounds it.

Such a network learns the same events as one that tells the next item, but at the event itself rather than one token
before it, so the newest event of a history is a token, too. Nothing of an event that a MASK token stands for is seen:
its item is MASK_INDEX, its token columns are 0. BERT4Rec, Sun et al. 2019, arXiv:1904.06690.
"""

from collections.abc import Mapping

import numpy as np

from interest_spark.features.blocks.targets import NOWHERE
from interest_spark.schemas.behaviors import MASK_INDEX

Columns = dict[str, np.ndarray]


def at_their_events(places: np.ndarray) -> np.ndarray:
    """The same targets, each at its own event: from each token's target, int64[m], to each event's, itself or NOWHERE.

    >>> at_their_events(np.array([1, 2, -1, -1, 3])).tolist()
    [-1, 1, 2, 3, -1]
    """
    own = np.full(len(places), NOWHERE)
    targets = places[places != NOWHERE]
    own[targets] = targets
    return own


def hide_events(columns: Mapping[str, np.ndarray], hidden: np.ndarray) -> Columns:
    """`item` and token columns, int32[m] each, with a MASK token for every hidden event (bool[m]).

    >>> columns = {"item": np.array([5, 6]), "hour": np.array([3, 4])}
    >>> {name: values.tolist() for name, values in hide_events(columns, np.array([False, True])).items()}
    {'item': [5, -1], 'hour': [3, 0]}
    """
    return {name: np.where(hidden, _value(name), values).astype(values.dtype) for name, values in columns.items()}


def append_masks(columns: Mapping[str, np.ndarray], ends: np.ndarray) -> Columns:
    """`item` and token columns of histories one after another, with a MASK token after the end of each, int64[n].

    >>> append_masks({"item": np.array([5, 6, 7])}, np.array([2, 3]))["item"].tolist()
    [5, 6, -1, 7, -1]
    """
    return {name: np.insert(values, ends, _value(name)) for name, values in columns.items()}


def _value(column: str) -> int:
    return MASK_INDEX if column == "item" else 0
