"""Bounds follow level, growth and weekdays, and are not moved by single odd days."""

import math
import random
from datetime import date, timedelta

import pytest

from interest_spark.features.gates.bounds import Bounds, learn_bounds
from interest_spark.schemas.figures import Figure, figure_of

TODAY = date(2026, 3, 2)  # a Monday
EVENTS, NULLS = figure_of("events"), figure_of("nulls:price")


def season(day: date, growth: float = 0.0) -> float:
    """Ten thousand events, 40 % more at weekends, growing by that share a day."""
    return 10_000 * (1.4 if day.weekday() >= 5 else 1.0) * math.exp(growth * (day - TODAY).days)


def learnt(values: dict[date, float], figure: Figure = EVENTS, day: date = TODAY, **how: float) -> Bounds:
    return learn_bounds(figure, day, 10_000, values, [], 6.0, **how)


def past(days: int, growth: float = 0.0, until: date = TODAY) -> dict[date, float]:
    rng = random.Random(days)
    dates = [until - timedelta(days=back) for back in range(1, days + 1)]
    return {day: season(day, growth) * rng.lognormvariate(0, 0.03) for day in dates}


@pytest.mark.parametrize("growth", [0.0, 0.01, -0.01])
@pytest.mark.parametrize("ahead", range(7))
def test_each_weekday_of_a_growing_shop_is_expected(growth: float, ahead: int) -> None:
    day = TODAY + timedelta(days=ahead)
    bounds = learnt(past(56, growth, until=day), day=day)
    assert bounds.median == pytest.approx(season(day, growth), rel=0.08)
    assert bounds.low is not None and bounds.high is not None
    assert season(day, growth) / 2 < bounds.low < season(day, growth) < bounds.high < 2 * season(day, growth)


def test_single_odd_days_move_nothing() -> None:
    usual = past(56)
    odd = {day: value * (3 if day.day in (7, 21) else 1) for day, value in usual.items()}
    assert learnt(odd).median == pytest.approx(learnt(usual).median, rel=0.03)


def test_a_new_level_is_taken_over_within_a_week() -> None:
    values = {day: value * (2 if (TODAY - day).days <= 5 else 1) for day, value in past(56).items()}
    assert learnt(values).median == pytest.approx(2 * season(TODAY), rel=0.1)


def test_what_was_accepted_passes_until_it_is_history() -> None:
    values = dict.fromkeys(past(30), 0.02)
    refused = learn_bounds(NULLS, TODAY, 10_000, values, [], 6.0)
    accepted = learn_bounds(NULLS, TODAY, 10_000, values, [0.4], 6.0)
    assert refused.high is not None and accepted.high is not None
    assert refused.high < 0.1 and accepted.high > 0.45


def test_little_is_judged_loosely_and_small_changes_never() -> None:
    few, many = (dict.fromkeys(past(30), count) for count in (10.0, 100_000.0))
    assert learnt(few).low == 0.0
    low = learnt(many).low
    assert low is not None and low == pytest.approx(100_000 * math.exp(-0.3), rel=0.01)


def test_only_the_harmful_side_has_a_bound() -> None:
    bounds = learnt(dict.fromkeys(past(30), 0.02), NULLS)
    assert bounds.low is None and bounds.high is not None


def test_announced_days_have_twice_the_room() -> None:
    values = dict.fromkeys(past(30), 10000.0)
    usual, wide = learnt(values), learnt(values, wider=2.0)
    assert usual.high is not None and wide.high is not None
    assert math.log(wide.high / 10_000) == pytest.approx(2 * math.log(usual.high / 10_000), rel=0.01)
