"""What is said of a day's figures: from days before it alone, with the actions that the configuration gives."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from interest_spark.config.gates import GatesConfig
from interest_spark.features.gates.drift import stability_index
from interest_spark.features.gates.judge import Judged, Measured, judge_day
from interest_spark.schemas.figures import FIGURES, figure_of

TODAY = date(2026, 3, 2)


def settings(**changes: Any) -> GatesConfig:
    return GatesConfig.model_validate(changes)


def measured(events: int = 10_000, nulls: float = 0.02, **platforms: int) -> list[Measured]:
    return [
        Measured("events", events, events),
        Measured("nulls:price", nulls, events),
        *(Measured(f"platform:{name}", count, events) for name, count in platforms.items()),
    ]


def history(days: int, config: GatesConfig, figures: list[Measured] | None = None) -> dict[date, dict[str, Judged]]:
    past: dict[date, dict[str, Judged]] = {}
    for back in range(days, 0, -1):
        day = TODAY - timedelta(days=back)
        rows = judge_day(day, figures or measured(web=700, ios=900), past, config, {})
        past[day] = {row.figure: row for row in rows}
    return past


def judged(figures: list[Measured], days: int = 30, **changes: Any) -> dict[str, Judged]:
    config = settings(**changes)
    return {row.figure: row for row in judge_day(TODAY, figures, history(days, config), config, {})}


def test_a_usual_day_is_fine() -> None:
    rows = judged(measured(web=700, ios=900))
    assert {row.state for row in rows.values()} == {"ok"}
    assert all(row.history == 30 and row.reason is None for row in rows.values())


def test_the_reason_names_value_bound_and_history() -> None:
    row = judged(measured(nulls=0.5))["nulls:price"]
    assert row.state == "blocked"
    assert row.reason == f"0.5 is above {row.high:.4g}; usual is 0.02 by 30 days before"


@pytest.mark.parametrize(("action", "state"), [("block", "blocked"), ("warn", "warned"), ("ignore", None)])
@pytest.mark.parametrize("name", ["nulls", "nulls:price"])
def test_the_configured_action(action: str, state: str | None, name: str) -> None:
    row = judged(measured(nulls=0.5), actions={name: action}).get("nulls:price")
    assert (row and row.state) == state


def test_an_action_of_one_figure_counts_before_its_familys() -> None:
    rows = judged(measured(nulls=0.5), actions={"nulls": "ignore", "nulls:price": "warn"})
    assert rows["nulls:price"].state == "warned"


def test_what_falls_silent_is_measured_as_zero() -> None:
    rows = judged(measured(web=700))
    assert (rows["platform:ios"].value, rows["platform:ios"].state) == (0.0, "blocked")


def test_in_the_warm_up_only_what_is_never_right_is_an_alarm() -> None:
    figures = [*measured(nulls=1.0), Measured("duplicates", 0.6, 10_000), Measured("one_second", 0.2, 10_000)]
    rows = judged(figures, days=13)
    assert (rows["nulls:price"].state, rows["one_second"].state) == ("warm-up", "warm-up")
    assert rows["duplicates"].reason == "0.6 is above 0.5"
    assert rows["duplicates"].state == "blocked"


def test_small_shops_are_warned_never_stopped() -> None:
    small = [Measured("events", 900, 900), Measured("nulls:price", 0.0, 900)]
    config = settings()
    past = history(30, config, small)
    spoilt = [Measured("events", 900, 900), Measured("nulls:price", 1.0, 900), Measured("duplicates", 0.9, 900)]
    states = {row.figure: row.state for row in judge_day(TODAY, spoilt, past, config, {})}
    assert states == {"events": "ok", "nulls:price": "warned", "duplicates": "warm-up"}


def test_a_large_shop_without_any_event_is_no_small_shop() -> None:
    assert judged([Measured("events", 0, 0)])["events"].state == "blocked"


def test_announced_days_may_have_much_traffic_and_are_nobodys_history() -> None:
    config = settings(expected_days={TODAY.isoformat(): "sale"})
    past = history(30, config)
    rows = {row.figure: row for row in judge_day(TODAY, measured(40_000, 0.5, web=2_100), past, config, {})}
    assert (rows["events"].state, rows["events"].reason) == ("expected", "sale")
    assert (rows["platform:web"].state, rows["platform:ios"].state) == ("expected", "blocked")
    assert rows["nulls:price"].state == "blocked"
    tomorrow = judge_day(TODAY + timedelta(days=1), measured(web=700, ios=900), {**past, TODAY: rows}, config, {})
    assert {row.history for row in tomorrow} == {30}


def test_no_row_follows_from_a_later_day() -> None:
    config = settings()
    past = history(30, config)
    later = {TODAY + timedelta(days=ahead): past[max(past)] for ahead in range(3)}
    figures = measured(nulls=0.5)
    assert judge_day(TODAY, figures, past, config, {}) == judge_day(TODAY, figures, {**past, **later}, config, {})


def test_an_acceptance_holds_for_the_same_value_only() -> None:
    config = settings()
    past = history(30, config)
    spoilt, other_fault = measured(nulls=0.5, web=700, ios=900), measured(nulls=0.7, web=700, ios=900)
    (row,) = (row for row in judge_day(TODAY, spoilt, past, config, {}) if row.state == "blocked")
    when = datetime(2026, 3, 2, tzinfo=timezone.utc)
    accepted = Judged(**{**vars(row), "state": "accepted", "accepted_by": "ann", "accepted_at": when})
    before = {row.figure: accepted}
    again = {each.figure: each for each in judge_day(TODAY, spoilt, past, config, before)}
    assert (again["nulls:price"].state, again["nulls:price"].accepted_by) == ("accepted", "ann")
    other = {each.figure: each for each in judge_day(TODAY, other_fault, past, config, before)}
    assert other["nulls:price"].state == "blocked"


def test_after_an_acceptance_the_new_level_becomes_the_usual_one() -> None:
    config = settings()
    past = history(30, config)
    for ahead in range(21):
        day = TODAY + timedelta(days=ahead)
        rows = judge_day(day, measured(nulls=0.5, web=700, ios=900), past, config, {})
        states = {row.figure: row.state for row in rows}
        assert states["nulls:price"] == ("ok" if ahead else "blocked")
        if not ahead:
            rows = [Judged(**{**vars(row), "state": "accepted"}) if row.state == "blocked" else row for row in rows]
        past[day] = {row.figure: row for row in rows}
    assert past[day]["nulls:price"].median == pytest.approx(0.5, abs=0.01)


def test_drift_is_told_by_the_shares_of_the_days_before() -> None:
    usual = [Measured("drift:behavior", 0.0, 10_000, {"view": 9_000, "cart": 1_000})]
    config = settings()
    past = history(30, config, usual)
    rows = judge_day(TODAY, [Measured("drift:behavior", 0.0, 10_000, {"view": 5_000, "buy": 5_000})], past, config, {})
    expected = stability_index({"view": 0.5, "buy": 0.5}, {"view": 0.9, "cart": 0.1})
    assert (rows[0].state, rows[0].value) == ("blocked", pytest.approx(expected))
    assert rows[0].shares == {"buy": 0.5, "view": 0.5}


def test_every_figure_has_a_name_of_its_own_and_is_found_by_it() -> None:
    assert len({each.name for each in FIGURES}) == len(FIGURES)
    assert all(figure_of(f"{each.name}:x" if each.family else each.name) is each for each in FIGURES)


def test_a_wrong_configuration_names_what_there_is() -> None:
    with pytest.raises(ValueError, match="unknown figure 'null'; did you mean 'nulls'"):
        settings(actions={"null": "warn"})
    with pytest.raises(ValueError, match=r"warm_up_days 20 exceeds gates\.history_days 10"):
        settings(warm_up_days=20, history_days=10)
