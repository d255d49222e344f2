"""What became of users who were warned of, by hand: in whichever buckets, and blind to what comes after the horizon."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from interest_spark.applications.churn.outcomes import Judging, outcomes_of
from interest_spark.applications.keys import user_keys
from tests.unit.applications.churn.test_labels import CUTOFF, RULES, days

WARNED = pl.DataFrame(
    [
        ("ann", 0.9, 0.8, "high", 5),
        ("bob", 0.8, 0.1, "high", 5),
        ("cyd", 0.4, 0.2, "middle", 14),
        ("dan", 0.1, 0.3, "low", 20),
    ],
    schema={"user_id": pl.String, "probability": pl.Float64, "baseline_probability": pl.Float64}
    | {"band": pl.String, "days": pl.Int32},
    orient="row",
)
CAME = [("ann", 13), ("bob", 12), ("cyd", 7), ("dan", 27)]
"""Ann a day after her horizon, Bob on the last day of his, Cyd in the gap alone, Dan on the last day, by the rules."""


def churned(*came: tuple[str, int]) -> list[bool]:
    return outcomes_of(WARNED, days(*came), CUTOFF, RULES)["churned"].to_list()


def test_each_user_has_the_horizon_that_was_published() -> None:
    assert churned(*CAME) == [True, False, True, False]
    found = outcomes_of(WARNED, days(*CAME), CUTOFF, RULES)
    assert found["warned"].to_list() == [True, True, False, False]
    assert found["key"].to_list() == user_keys(WARNED["user_id"], "churn outcomes").tolist()


def test_who_vanished_has_stayed_away_and_later_or_other_events_change_nothing() -> None:
    assert churned() == [True] * 4
    assert churned(*CAME, ("ann", 40), ("cyd", 200), ("eve", 9)) == churned(*CAME)


def judged(folder: Path, rows: pl.DataFrame, files: int) -> Any:
    """The outcome where rows lie in so many files."""
    judging = Judging({CUTOFF: RULES}, (), 1, str(folder))
    paths = []
    for number in range(files):
        paths.append(str(folder / f"{number}.parquet"))
        rows.gather_every(files, number).write_parquet(paths[-1])
    (found,) = judging.judge((CUTOFF, paths))
    return found


def test_figures_by_hand(tmp_path: Path) -> None:
    found = judged(tmp_path, outcomes_of(WARNED, days(*CAME), CUTOFF, RULES), 1)
    assert (found.day, found.hits) == (CUTOFF, 1)
    figures = found.figures
    assert (figures.rows, figures.churners, figures.warned) == (4, 2, 2)
    assert (figures.precision, figures.recall) == (0.5, 0.5)
    assert figures.auc == 3 / 4  # of four pairs, Bob before Cyd is the wrong one
    assert figures.baseline_auc == 3 / 4  # Dan before Cyd
    assert figures.lift == pytest.approx(2.0)  # the tenth is Ann
    assert figures.calibration_error == pytest.approx((0.1 + 0.8 + 0.6 + 0.1) / 4)
    assert found.foretold == [0.1, 0.4, 0.8, 0.9]
    assert found.came_true == [0.0, 1.0, 0.0, 1.0]


def test_it_does_not_matter_in_which_files_users_lie(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = pl.DataFrame(
        {
            "probability": rng.integers(1, 9, 300) / 10,  # many are equal
            "baseline_probability": rng.random(300),
            "churned": rng.random(300) < 0.4,
            "key": user_keys([f"u{number}" for number in range(300)], "test"),
            "warned": rng.random(300) < 0.3,
        }
    )
    assert judged(tmp_path, rows, 1) == judged(tmp_path, rows.reverse(), 7)


def test_one_label_alone_and_nobody_warned_of_have_no_figures(tmp_path: Path) -> None:
    rows = outcomes_of(WARNED, days(*((user, 8) for user in WARNED["user_id"])), CUTOFF, RULES)
    found = judged(tmp_path, rows.with_columns(warned=False, baseline_probability=None), 2)
    figures = found.figures
    assert (figures.churners, figures.warned, found.hits) == (0, 0, 0)
    nothing = (figures.precision, figures.recall, figures.auc, figures.lift, figures.baseline_auc, found.auc_low)
    assert set(nothing) == {None}


def test_when_everybody_is_known() -> None:
    assert RULES.known_after == 27
    last = CUTOFF + timedelta(RULES.known_after)
    assert last == date(2026, 3, 28)
