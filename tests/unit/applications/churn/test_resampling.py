"""Resampled rows are learnt from and never judged by: the guard finds them, marked or not."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from interest_spark.applications.churn.resampling import refuse_resampled, resample
from interest_spark.foundation.errors import BadDataError

DAY = date(2026, 3, 1)


def rows(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two numbers and a code, a fifth of churners; the columns that hold codes."""
    rng = np.random.default_rng(seed)
    churned = np.arange(n) % 5 == 0
    values = np.stack([rng.normal(churned * 3.0, 1), rng.normal(0, 100, n), rng.integers(0, 4, n)], axis=1)
    return values, churned, np.array([False, False, True])


def test_nothing_is_changed_without_a_wish() -> None:
    values, churned, codes = rows(50)
    made = resample(values, churned, "none", codes, 0)
    assert (made.values == values).all()
    assert not made.resampled.any()
    assert set(made.weight) == {1.0}


def test_weights_make_both_labels_count_alike() -> None:
    made = resample(*rows(50)[:2], "weights", rows(50)[2], 0)
    assert made.weight[made.churned].sum() == pytest.approx(made.weight[~made.churned].sum()) == pytest.approx(25)
    assert len(made.values) == 50


@pytest.mark.parametrize("imbalance", ["undersample", "oversample", "smote", "smotenc"])
def test_labels_are_alike_in_number_afterwards_and_rows_know_where_they_are_from(imbalance: str) -> None:
    values, churned, codes = rows(100)
    made = resample(values, churned, imbalance, codes, 0)
    counts = np.bincount(made.churned)
    assert counts[0] == counts[1] == (20 if imbalance == "undersample" else 80)
    known = made.source >= 0
    assert (made.values[known] == values[made.source[known]]).all()
    assert (made.churned[known] == churned[made.source[known]]).all()
    assert made.resampled.sum() == {"undersample": 0}.get(imbalance, 60)
    again = resample(values, churned, imbalance, codes, 0)
    assert (again.values == made.values).all()


def test_made_up_rows_lie_among_churners_and_keep_codes_where_these_are_told_apart() -> None:
    values, churned, codes = rows(200)
    made = {name: resample(values, churned, name, codes, 0) for name in ("smote", "smotenc")}
    for each in made.values():
        new = each.values[each.source < 0]
        assert new[:, 0].min() >= values[churned, 0].min() - 1e-9
        assert new[:, 0].max() <= values[churned, 0].max() + 1e-9
    is_code = {name: np.isin(each.values[:, 2], range(4)).all() for name, each in made.items()}
    assert is_code == {"smote": False, "smotenc": True}


@pytest.mark.parametrize("imbalance", ["oversample", "smote", "smotenc"])
@pytest.mark.parametrize("is_marked", [True, False])
def test_a_resampled_row_among_those_that_judge_is_refused_by_name(imbalance: str, is_marked: bool) -> None:
    values, churned, codes = rows(60)
    made = resample(values, churned, imbalance, codes, 0)
    users = pl.Series([f"u{each}" if each >= 0 else None for each in made.source])
    found = pl.DataFrame({"user_id": users, "cutoff": [DAY] * len(users)})
    if is_marked:
        found = found.with_columns(resampled=pl.Series(made.resampled))
    with pytest.raises(BadDataError, match=r"validation of churn model m holds resampled rows"):
        refuse_resampled(found, "validation of churn model m")
    real = pl.DataFrame({"user_id": [f"u{each}" for each in range(60)], "cutoff": [DAY] * 60})
    refuse_resampled(real, "validation of churn model m")
    refuse_resampled(pl.concat([real, real.with_columns(cutoff=date(2026, 3, 8))]), "the same users of another day")


def test_with_one_label_alone_nothing_is_made_up() -> None:
    values, _, codes = rows(30)
    for imbalance in ("weights", "oversample", "smote", "smotenc", "undersample"):
        assert len(resample(values, np.ones(30, bool), imbalance, codes, 0).values) == 30
