"""Token columns against their definitions, one event at a time, and the same whether packed or cut."""

import math
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.blocks import BlocksConfig
from interest_spark.features.blocks.pack import PackingRules, blocks_of
from interest_spark.features.sequences.tokens import category_sharing, token_columns
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tokens import INPUTS, MEASURES, ColumnScheme
from tests.histories import as_histories

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND, YEAR = 1_000_000, 31_557_600_000_000  # in microseconds

GAPS = st.integers(0, 5 * SECOND) | st.integers(0, 90_000 * SECOND) | st.integers(0, 40 * YEAR)
PRICES = st.none() | st.floats() | st.floats(0, 2000) | st.sampled_from([0.0, 1.0, 2.0, 0.015625, 2.0**25])
EVENTS = st.tuples(st.integers(1, len(BEHAVIORS)), st.integers(0, 200) | st.integers(0, 2**31 - 1), PRICES, GAPS)
HISTORIES = st.lists(st.lists(EVENTS, max_size=8), max_size=6)
SCHEMES = st.builds(
    ColumnScheme,
    category_codes=st.integers(1, 5000),
    category_buckets=st.integers(1, 5000),
    time_zone=st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)


def times_of(history: list[tuple[Any, ...]]) -> list[datetime]:
    """Each event its gap after the one before; the first one since 1970."""
    passed = np.cumsum([0] + [gap for *_, gap in history])[1:]
    return [EPOCH + timedelta(microseconds=int(micros)) for micros in passed]


def table_of(histories: list[list[tuple[Any, ...]]]) -> pa.Table:
    lists = {
        name: [[event[place] for event in history] for history in histories]
        for place, name in enumerate(("behavior", "category", "price"))
    }
    items = [list(range(2, 2 + len(history))) for history in histories]
    return as_histories(items, event_time=[times_of(history) for history in histories], **lists)


def code_of_category(index: int, scheme: ColumnScheme) -> int:
    if index <= scheme.category_codes:
        return index
    return 1 + scheme.category_codes + (index - 1 - scheme.category_codes) % scheme.category_buckets


def bucket_of_price(price: float | None) -> int:
    if price is None or not math.isfinite(price) or price < 0:
        return 0
    return 1 + sum(price >= 2 ** (half / 2 - 6) for half in range(63))


def expected_rows(history: list[tuple[Any, ...]], scheme: ColumnScheme) -> list[dict[str, int]]:
    times, rows, session = times_of(history), [], []
    for place, (behavior, category, price, _) in enumerate(history):
        local = times[place].astimezone(ZoneInfo(scheme.time_zone))
        gap = (times[place] - times[place - 1]) // timedelta(seconds=1)
        if not place or times[place] - times[place - 1] >= timedelta(minutes=scheme.session_gap_minutes):
            session.append(0)
        session[-1] += 1
        rows.append(
            {
                "behavior": behavior,
                "category": code_of_category(category, scheme),
                "price_bucket": bucket_of_price(price),
                "time_gap": min(2 + gap.bit_length(), 32) if place else 1,
                "hour": 1 + local.hour,
                "weekday": local.isoweekday(),
                "session": len(session),
                "session_place": session[-1],
            }
        )
    return rows


@given(HISTORIES, SCHEMES)
def test_each_code_is_that_of_its_own_event(histories: list[list[tuple[Any, ...]]], scheme: ColumnScheme) -> None:
    columns = token_columns(table_of(histories), scheme)
    expected = [row for history in histories for row in expected_rows(history, scheme)]
    assert list(columns) == list(INPUTS)
    for name, codes in columns.items():
        assert codes.tolist() == [row[name] for row in expected], name
        assert codes.dtype == np.int32
        assert not len(codes) or (codes.min() >= 0 and codes.max() < scheme.codes(name))


@given(HISTORIES, SCHEMES, st.integers(2, 5))
def test_a_block_holds_the_columns_of_the_whole_history(
    histories: list[list[tuple[Any, ...]]], scheme: ColumnScheme, tokens: int
) -> None:
    """The first token of a window still knows how long before it the last one was."""
    for history in histories:
        rules = PackingRules(BlocksConfig(tokens=tokens), scheme, date(2026, 1, 1))
        blocks = list(blocks_of(table_of([history]).to_batches(), rules, 0))
        packed = pa.Table.from_batches(blocks).to_pylist() if blocks else []
        found = [[block[name] for name in INPUTS] for block in packed]
        left, expected = expected_rows(history, scheme)[:-1], []
        while left:
            left, window = left[:-tokens], left[-tokens:]
            expected.append([[row[name] for row in window] + [0] * (tokens - len(window)) for name in INPUTS])
        assert sorted(found) == sorted(expected)


@given(HISTORIES, st.integers(0, 6), st.integers(0, 6))
def test_a_part_of_a_batch_gives_its_part_of_the_columns(
    histories: list[list[tuple[Any, ...]]], first: int, count: int
) -> None:
    whole = pa.RecordBatch.from_pylist(table_of(histories).to_pylist(), table_of(histories).schema)
    part = token_columns(whole.slice(first, count), ColumnScheme())
    alone = token_columns(table_of(histories[first : first + count]), ColumnScheme())
    assert {name: codes.tolist() for name, codes in part.items()} == {
        name: codes.tolist() for name, codes in alone.items()
    }


@given(HISTORIES)
def test_minutes_are_counted_from_1970_whatever_the_time_zone(histories: list[list[tuple[Any, ...]]]) -> None:
    scheme = ColumnScheme(time_zone="Asia/Kathmandu")
    (minutes,) = token_columns(table_of(histories), scheme, MEASURES).values()
    times = [time for history in histories for time in times_of(history)]
    assert minutes.tolist() == [(time - EPOCH) // timedelta(minutes=1) for time in times]
    assert minutes.dtype == np.int32


def test_minutes_beyond_32_bits_are_as_far_as_these_reach() -> None:
    times = [datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1, 1969, 9999)]
    columns = token_columns(as_histories([[2, 2, 2]], event_time=[times]), ColumnScheme(), ["minute"])
    assert columns["minute"].tolist() == [-1_035_593_280, -525_600, 2**31 - 1]


def test_codes_are_permanent() -> None:
    """Bundles are trained on these: a change here needs a new column name."""
    prices = [None, -1.0, math.nan, math.inf, 0.0, 0.01, 0.5, 0.99, 1.0, 1.42, 9.99, 99.9, 1e4, 1e7, 1e12]
    seconds = [0, 0, 1, 3, 60, 3600, 86_400, 10**9]
    times = [EPOCH + timedelta(seconds=int(second)) for second in np.cumsum(seconds)]
    columns = token_columns(
        as_histories(
            [[2] * len(prices), [2] * len(times)],
            price=[prices, [None] * len(times)],
            event_time=[[EPOCH] * len(prices), times],
        ),
        ColumnScheme(),
    )
    split = len(prices)
    assert columns["price_bucket"][:split].tolist() == [0, 0, 0, 0, 1, 1, 12, 13, 14, 15, 20, 27, 40, 60, 64]
    assert columns["time_gap"][split:].tolist() == [1, 2, 3, 4, 8, 14, 19, 32]
    assert columns["session"][split:].tolist() == [1, 1, 1, 1, 1, 2, 3, 4]
    assert columns["session_place"][split:].tolist() == [1, 2, 3, 4, 5, 1, 1, 1]
    assert {name: ColumnScheme().codes(name) for name in INPUTS} == {
        "behavior": 32,
        "category": 5121,
        "price_bucket": 65,
        "time_gap": 33,
        "hour": 25,
        "weekday": 8,
        "session": 128,
        "session_place": 64,
    }


def category_codes(index: list[int], scheme: ColumnScheme) -> list[int]:
    found = token_columns(as_histories([[2] * len(index)], category=[index]), scheme, ["category"])
    return found["category"].tolist()


def test_the_codes_of_the_first_categories_do_not_depend_on_what_comes_later() -> None:
    scheme = ColumnScheme(category_codes=500, category_buckets=7)
    assert category_codes(list(range(501)), scheme) == list(range(501))
    assert category_codes([501, 507, 508], scheme) == [501, 507, 501]


@given(st.integers(0, 60), st.integers(1, 40), st.integers(1, 20))
def test_what_shares_a_code_is_reported(count: int, exact: int, buckets: int) -> None:
    scheme = ColumnScheme(category_codes=exact, category_buckets=buckets)
    codes = category_codes(list(range(1, count + 1)), scheme)
    sharing = category_sharing(np.arange(1, count + 1, dtype=np.int32), scheme)
    assert (sharing["numbered"], sharing["exact"]) == (count, min(count, exact))
    ambiguous = sum(codes.count(code) > 1 for code in codes)
    assert sharing["ambiguous_share"] == pytest.approx(ambiguous / max(count, 1), abs=1e-4)
    assert sharing["ambiguous_share"] == 0 or count > exact + buckets


def test_only_the_lists_that_are_asked_for_are_needed() -> None:
    histories = as_histories([[2, 3]], behavior=[[1, 4]]).select(["item_index", "behavior"])
    assert token_columns(histories, ColumnScheme(), ["behavior"])["behavior"].tolist() == [1, 4]
    assert token_columns(histories.select(["item_index"]), ColumnScheme(), []) == {}


def test_lists_that_are_not_aligned_are_refused() -> None:
    histories = as_histories([[2, 3]], category=[[]])
    with pytest.raises(ValueError, match="category has 0 values for 2 events"):
        token_columns(histories, ColumnScheme(), ["category"])
