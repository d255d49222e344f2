"""Blocks of networks that train masked: the same targets, each at its own event, and nothing of what is held out."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.blocks import BlocksConfig, HeldOutConfig, HeldOutLastEvent, HeldOutPeriod, NothingHeldOut
from interest_spark.features.blocks.pack import PackingRules, blocks_of
from interest_spark.features.blocks.scope import EVERYTHING, LearningScope
from interest_spark.schemas.behaviors import MASK_INDEX
from interest_spark.schemas.tokens import INPUTS, MEASURES, ColumnScheme
from tests.histories import as_histories

MIDNIGHT = datetime(2024, 4, 30, 16, tzinfo=timezone.utc)
"""Of Shanghai, where it begins the run's day."""

SCHEME = ColumnScheme(time_zone="Asia/Shanghai")
COLUMNS = (*INPUTS, *MEASURES)
EVENTS = st.lists(st.lists(st.tuples(st.integers(1, 9), st.integers(-90, 24)), max_size=15), min_size=1, max_size=5)
HELD_OUT = st.sampled_from([NothingHeldOut(), HeldOutPeriod(), HeldOutLastEvent()])


def rows_of(users: list[list[tuple[int, int]]]) -> pa.Table:
    """Items by hours since the cut; of every other user a target is held out."""
    ordered = [sorted(user, key=lambda event: event[1]) for user in users]
    items = [[item for item, _ in user] for user in ordered]
    times = [[MIDNIGHT + timedelta(hours=hour) for _, hour in user] for user in ordered]
    behavior = [[1 + item % 4 for item in history] for history in items]
    arrival_day = [[place % 2 for place in range(len(history))] for history in items]
    table = as_histories(items, event_time=times, behavior=behavior, arrival_day=arrival_day)
    table = table.append_column("chosen", pa.array([number % 2 == 0 for number in range(len(users))]))
    return table.append_column("replayed", pa.array([False] * len(users)))


def packed(
    rows: pa.Table,
    held_out_rule: HeldOutConfig,
    tokens: int = 4,
    scope: LearningScope = EVERYTHING,
    *,
    masked: bool = True,
    held_out: bool = False,
) -> list[dict[str, Any]]:
    config = BlocksConfig(tokens=tokens, held_out=held_out_rule)
    rules = PackingRules(config, SCHEME, date(2024, 5, 1), scope, masked=masked)
    return pa.Table.from_batches(blocks_of(rows.to_batches(), rules, 0, held_out=held_out)).to_pylist()


def cells(blocks: list[dict[str, Any]], *names: str) -> list[tuple[int, ...]]:
    """The named columns of every token that has a target, learnt or held out."""
    columns = [[value for block in blocks for value in block[name]] for name in (*names, "target", "held_out")]
    return sorted(row[:-2] for row in zip(*columns, strict=True) if any(row[-2:]))


@given(EVENTS, HELD_OUT, st.booleans(), st.booleans())
def test_what_is_learnt_and_held_out_is_the_same_as_of_a_causal_network(
    users: list[list[tuple[int, int]]], rule: HeldOutConfig, held_out: bool, newest: bool
) -> None:
    rows, scope = rows_of(users), LearningScope(after_day=0) if newest else EVERYTHING
    masked, causal = (packed(rows, rule, scope=scope, masked=masked, held_out=held_out) for masked in (True, False))
    names = ("target", "target_behavior", "target_minute", "held_out")
    assert cells(masked, *names) == cells(causal, *names)


@given(EVENTS, HELD_OUT)
def test_a_target_to_learn_stands_at_its_own_event(users: list[list[tuple[int, int]]], rule: HeldOutConfig) -> None:
    for item, target, behavior, of_target, minute, time in cells(
        packed(rows_of(users), rule), "item", "target", "behavior", "target_behavior", "minute", "target_minute"
    ):
        assert (item, behavior, minute) == (target, of_target, time)


@given(EVENTS, HELD_OUT)
def test_nothing_is_seen_of_a_held_out_event_and_nothing_comes_after_it(
    users: list[list[tuple[int, int]]], rule: HeldOutConfig
) -> None:
    for block in packed(rows_of(users), rule, held_out=True):
        segment = np.array(block["segment"])
        for place in np.flatnonzero(block["held_out"]):
            assert block["item"][place] == MASK_INDEX
            assert not any(block[name][place] for name in COLUMNS)
            assert block["position"][place] == 3
            assert not (segment[place + 1 :] == segment[place]).any()
        assert block["item"].count(MASK_INDEX) == block["held_out_targets"]


@given(EVENTS, st.data())
def test_nothing_that_happens_in_the_held_out_period_changes_what_is_learnt(
    users: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    past = [[event for event in user if event[1] < 0] for user in users]
    others = data.draw(EVENTS)
    later = [[event for event in user if event[1] >= 0] for user in [*others, *[[]] * len(past)]]

    def learnt(users: list[list[tuple[int, int]]]) -> list[tuple[Any, ...]]:
        """Every learnt target with all of its segment."""
        found = []
        for block in packed(rows_of(users), HeldOutPeriod()):
            segment = np.array(block["segment"])
            for place in np.flatnonzero(block["target"]):
                own = np.flatnonzero(segment == segment[place])
                seen = tuple(tuple(np.array(block[name])[own].tolist()) for name in ("item", "position", *COLUMNS))
                found.append((block["target"][place], int(place - own[0]), seen))
        return sorted(found)

    known = learnt(past)
    assert learnt([a + b for a, b in zip(past, later, strict=False)]) == known
    assert learnt(past + later) == known


def test_the_newest_event_is_a_token_and_the_mask_token_follows_the_newest_before_it() -> None:
    hours = [(10 + place, place - 6) for place in range(8)]
    learnt = packed(rows_of([hours]), HeldOutPeriod(), tokens=4)
    assert sorted(item for block in learnt for item in block["item"]) == [0, 0, *range(10, 16)]
    assert sorted(item for block in learnt for item in block["target"] if item) == list(range(11, 16))
    (block,) = packed(rows_of([hours]), HeldOutPeriod(), tokens=4, held_out=True)
    names = ("item", "held_out", "target", "position")
    assert [block[name] for name in names] == [[13, 14, 15, -1], [0, 0, 0, 16], [0] * 4, [0, 1, 2, 3]]
