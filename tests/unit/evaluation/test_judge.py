"""Lists judged on arrays equal the definitions in plain Python, in a thousand random worlds."""

import math
import random

import numpy as np
import pyarrow as pa
import pytest

from interest_spark.evaluation.judge import Users, accuracy, find_places, list_values, read_lists, shown_lists
from interest_spark.evaluation.known_items import KnownItems
from interest_spark.evaluation.tally import MODEL
from interest_spark.metrics.lists.list_metric import OF_USERS, exposure_metric_named
from interest_spark.metrics.lists.shown import UNKNOWN, Catalogue, Pairs
from interest_spark.metrics.metric import METRICS
from tests.judged_worlds import ACCURACY, IDS, OF_LISTS, World, random_items, random_world
from tests.list_metrics import PlainItems

WORLDS = 1_000


def known_items(items: PlainItems) -> KnownItems:
    """Item n of IDS has the number n + 2, as if two numbers were nobody's."""
    size = len(IDS) + 2
    events = np.array([0.0, 0.0, *(items.events[item] for item in IDS)])
    names = sorted(set(items.category.values()))
    category = np.array(
        [UNKNOWN] * 2 + [names.index(items.category[i]) if i in items.category else UNKNOWN for i in IDS]
    )
    days = np.array([-1, -1] + [3] * len(IDS))
    numbers = np.arange(2, size)
    return KnownItems(pa.array(IDS), numbers, Catalogue(events, category, events.sum()), days, days >= 0)


def pairs(lists: list[list[str]], known: KnownItems, strange: dict[str, int]) -> Pairs:
    rows = np.repeat(np.arange(len(lists)), [len(items) for items in lists])
    return Pairs(rows, known.numbers_of(pa.array([item for items in lists for item in items], pa.string()), strange))


def users_of(world: World, known: KnownItems, strange: dict[str, int]) -> Users:
    nothing = [None] * len(world.users)
    relevant = pairs([list(user.relevant) for user in world.users], known, strange)
    history, seen = (
        pairs([list(getattr(user, each)) for user in world.users], known, strange) for each in ("history", "seen")
    )
    bits = np.ones(len(relevant.row), np.int64)
    return Users(relevant, bits, nothing, nothing, nothing, np.ones(len(world.users), np.int64), history, seen)


def test_the_definitions_cover_every_metric() -> None:
    assert (set(ACCURACY), set(OF_LISTS)) == (set(METRICS), set(OF_USERS))


def test_equal_to_plain_python() -> None:
    rng = random.Random(5)
    for _ in range(WORLDS):
        world = random_world(rng, random_items(rng), [MODEL], users=rng.randint(1, 6))
        known = known_items(world.items)
        strange: dict[str, int] = {}
        users = users_of(world, known, strange)
        lists = {
            name: read_lists(pa.array(each, pa.list_(pa.string())), known, world.k, strange)
            for name, each in world.lists.items()
        }
        hits = find_places(users.relevant, lists[MODEL]) >= 0
        values = {
            **accuracy(METRICS, hits, users.wanted),
            **list_values(OF_USERS, shown_lists(users, lists, MODEL, hits, known)),
        }
        expected = world.expected(MODEL)
        for name, found in values.items():
            assert not found[~np.isnan(found)].size or expected[name] is not None
            mean = float(np.nanmean(found)) if (~np.isnan(found)).any() else None
            assert mean == (None if expected[name] is None else pytest.approx(expected[name], abs=1e-9)), name
        shown = lists[MODEL][(lists[MODEL] >= 0) & (lists[MODEL] < len(known.days))]
        counts = np.bincount(shown, minlength=len(known.days))[known.suggestable].astype(float)
        for name in ("coverage", "gini"):
            value = exposure_metric_named(name)(counts)
            assert (None if math.isnan(value) else value) == (
                None if expected[name] is None else pytest.approx(expected[name], abs=1e-9)
            ), name
