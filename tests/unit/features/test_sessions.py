"""Sessions are the same whether events are looked at in one go or delivery by delivery."""

from datetime import datetime, timedelta, timezone

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.config.bots import BotsConfig
from interest_spark.features.daily.counts import EVENT_COLUMNS, CountingRules, count_day
from interest_spark.features.sessions import join_sessions, sessions_of
from interest_spark.storage.parts import empty_frame

GAP = timedelta(minutes=30)
MIDNIGHT = datetime(2026, 3, 8, tzinfo=timezone.utc)
TIMES = st.integers(-150, 150).map(lambda step: MIDNIGHT + timedelta(minutes=10 * step))
DELIVERED = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("uv"), TIMES), max_size=60)


def pieces(delivered: list[tuple[int, str, datetime]], number: int) -> pl.DataFrame:
    events = [(user, "i", "view", time) for day, user, time in delivered if day == number]
    schema = {**dict.fromkeys(EVENT_COLUMNS[:3], pl.String), "event_time": pl.Datetime("us", "UTC")}
    rules = CountingRules("Asia/Shanghai", int(GAP.total_seconds()), BotsConfig())
    days = pl.DataFrame(count_day(pl.DataFrame(events, schema=schema, orient="row"), rules)["user_days"])
    return sessions_of(days)


@given(DELIVERED)
@settings(max_examples=200)
def test_delivery_by_delivery(delivered: list[tuple[int, str, datetime]]) -> None:
    found = empty_frame("sessions")
    for number in range(4):
        found = join_sessions(pl.concat([found, pieces(delivered, number)]), GAP)
    expected: list[list[object]] = []
    for user in "uv":
        last = datetime.min.replace(tzinfo=timezone.utc)
        for time in sorted(time for _, of, time in delivered if of == user):
            if time - last >= GAP:
                expected.append([user, time, time, 0])
            expected[-1][2] = last = time
            expected[-1][3] += 1  # type: ignore[operator]
    assert found.rows() == [tuple(each) for each in expected]
