"""A user's history as a collaborative model sees it: each distinct item once, with a weight.

Fitting and serving compute it by the same function, so that a model is served what it was fitted on.
"""

from dataclasses import dataclass

import numpy as np

from interest_spark.config.collaborative import AlsConfig, CollaborativeConfig, ItemToItemConfig
from interest_spark.features.sequences.tokens import (
    Histories,
    flat_items,
    flat_times,
    history_bounds,
    token_columns,
)
from interest_spark.schemas.behaviors import BEHAVIOR_CODES, FIRST_ITEM_INDEX
from interest_spark.schemas.tokens import ColumnScheme

NOTHING_TO_LEARN = "there is no item to learn; check that the day has sequences of known items"

_MICROSECONDS_A_DAY = 86_400_000_000
_ITEM_BITS = 32


@dataclass(frozen=True)
class InteractionRule:
    """How the events of a user and an item become one weight.

    An event weighs what its behavior does, by its code (`behavior_weights`; None: 1 each), halved every
    `half_life_days`. The weights of an item's events are added up where `counts`, else the largest one holds.
    `last_items`: of how many distinct items, those with the latest last events.
    """

    behavior_weights: tuple[float, ...] | None = None
    half_life_days: float | None = None
    counts: bool = False
    last_items: int | None = None

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists of `sequences` that it looks at."""
        by_behavior = () if self.behavior_weights is None else ("behavior",)
        return ("item_index", *by_behavior, *(() if self.half_life_days is None else ("event_time",)))


@dataclass(frozen=True)
class Interactions:
    """Pairs of a history and a distinct item of it: int64[m] `owner`, ascending, int32[m] `item`, ascending within its
    owner, float64[m] `weight` above 0.
    """

    owner: np.ndarray
    item: np.ndarray
    weight: np.ndarray

    def filter(self, kept: np.ndarray) -> "Interactions":
        """Those of the pairs where bool[m] `kept`."""
        return Interactions(self.owner[kept], self.item[kept], self.weight[kept])


def rule_of(config: CollaborativeConfig) -> InteractionRule:
    """How a model of this configuration weighs events."""
    weights = None
    if config.behavior_weights:
        by_code = dict.fromkeys(range(max(BEHAVIOR_CODES.values()) + 1), 0.0)
        by_code |= {BEHAVIOR_CODES[behavior]: weight for behavior, weight in config.behavior_weights.items()}
        weights = tuple(by_code.values())
    if isinstance(config, AlsConfig):
        return InteractionRule(weights, counts=True)
    half_life = config.half_life_days if isinstance(config, ItemToItemConfig) else None
    return InteractionRule(weights, half_life, last_items=config.last_items)


def interactions(histories: Histories, rule: InteractionRule, now: int | None = None) -> Interactions:
    """The distinct known items of each history with their weights.

    `now`, in microseconds since 1970, is what events age until; by default each history's own newest event, which
    scales all weights of a user alike and so changes no order of suggestions.
    """
    items, bounds = flat_items(histories), history_bounds(histories)
    owner = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    weight = _event_weights(histories, rule, bounds, now)
    places = np.flatnonzero((items >= FIRST_ITEM_INDEX) & (weight > 0))
    pair = owner[places] << _ITEM_BITS | items[places]
    order = np.argsort(pair, kind="stable")
    places, pair = places[order], pair[order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    if not len(first):
        return Interactions(owner[:0], items[:0], weight[:0])
    combine = np.add if rule.counts else np.maximum
    found = Interactions(owner[places[first]], items[places[first]], combine.reduceat(weight[places], first))
    if rule.last_items is None:
        return found
    newest = np.maximum.reduceat(places, first)  # an item's last event is the latest in the list
    return found.filter(_places_from_end(found.owner, newest) < rule.last_items)


def _event_weights(histories: Histories, rule: InteractionRule, bounds: np.ndarray, now: int | None) -> np.ndarray:
    """float64[events]."""
    if rule.behavior_weights is None:
        weight = np.ones(bounds[-1])
    else:
        codes = token_columns(histories, ColumnScheme(), ["behavior"])["behavior"]
        weight = np.array(rule.behavior_weights)[codes]
    if rule.half_life_days is None:
        return weight
    times = flat_times(histories)
    lengths = np.diff(bounds)
    until = now if now is not None else np.repeat(times[bounds[1:][lengths > 0] - 1], lengths[lengths > 0])
    return weight * 0.5 ** ((until - times) / (rule.half_life_days * _MICROSECONDS_A_DAY))


def _places_from_end(owner: np.ndarray, newest: np.ndarray) -> np.ndarray:
    """How many items of the same owner have a later last event: int64[m]."""
    order = np.lexsort((-newest, owner))
    starts = np.searchsorted(owner, owner)
    found = np.empty(len(owner), np.int64)
    found[order] = np.arange(len(owner)) - starts[order]
    return found
