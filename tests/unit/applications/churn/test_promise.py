"""When warnings come true clearly less often than was promised, and when that may be chance."""

from collections.abc import Sequence
from typing import Any

import pytest

from interest_spark.applications.churn.promise import LAST_DAYS, Fall, falls, newest_of_each


def row(day: int, hits: int = 70, warned: int = 100, churners: int = 100, **changes: Any) -> dict[str, Any]:
    """A judged day of a model that promised 0.7 of either, by 200 users of whom 100 churned."""
    own = {"warned_on": f"2026-01-{day:02d}", "model_version": "m", "reason": None, "scored": 400}
    own |= {"warned": warned, "churners": churners, "warned_churners": hits}
    promised = {"promised_precision": 0.7, "promised_recall": 0.7, "promised_rows": 200, "promised_churners": 100}
    return {**own, **promised, **changes}


def fallen(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [each.figure for each in falls(newest_of_each(rows))]


def test_what_comes_true_as_promised_is_no_fall() -> None:
    assert fallen([row(day) for day in range(1, 9)]) == []
    assert fallen([row(day, hits=90) for day in range(1, 9)]) == []
    assert fallen([]) == []


def test_what_may_be_chance_is_no_fall_and_days_of_the_same_users_make_it_no_surer() -> None:
    # 60 of 100 against 70 of 100: the interval is -0.23 to 0.03, and of seven times as many rows it would not hold 0.
    for days in (1, 7):
        assert fallen([row(day, hits=60) for day in range(1, days + 1)]) == []


def test_a_clear_fall_has_its_interval_and_days() -> None:
    found = falls([row(day, hits=40) for day in range(1, 10)])
    assert [each.figure for each in found] == ["precision", "recall"]
    fall = found[0]
    assert isinstance(fall, Fall)
    assert (fall.found, fall.promised, fall.model_version) == (0.4, 0.7, "m")
    assert fall.low < -0.3 < fall.high < 0
    assert fall.days == [f"2026-01-0{day}" for day in range(3, 10)]
    assert len(fall.days) == LAST_DAYS


def test_either_figure_can_fall_alone() -> None:
    assert fallen([row(1, hits=70, warned=300)]) == ["precision"]
    assert fallen([row(1, hits=70, churners=300)]) == ["recall"]


def test_few_users_of_validation_promise_little() -> None:
    assert fallen([row(1, hits=40, promised_churners=10)]) == []


def test_the_newest_days_of_the_model_that_warned_last_count() -> None:
    bad = [row(day, hits=40) for day in range(1, 8)]
    assert fallen([*bad, *(row(day, model_version="n") for day in range(8, 11))]) == []
    assert fallen([*bad, *(row(day) for day in range(8, 15))]) == []
    assert fallen([*bad, row(8, reason="lost", warned=None, churners=None)]) == ["precision", "recall"]


def test_a_day_that_was_judged_again_counts_as_it_is_now() -> None:
    assert fallen([row(1, hits=10), row(1)]) == []
    assert fallen([row(1), row(1, hits=10)]) == ["precision", "recall"]


@pytest.mark.parametrize("nothing", [None, 0.0])
def test_nothing_promised_and_nobody_warned_of_is_no_fall(nothing: float | None) -> None:
    assert fallen([row(1, hits=1, promised_precision=nothing, promised_recall=nothing)]) == []
    assert fallen([row(1, hits=0, warned=0, churners=0)]) == []
