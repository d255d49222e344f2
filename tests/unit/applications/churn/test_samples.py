"""Which users a model looks at, and which calibrate it: the same in every release, neither told by the other."""

import numpy as np
import polars as pl

from interest_spark.applications.churn.fit import FitPlan, halves
from interest_spark.applications.churn.learners import Growth
from tests.unit.applications.churn.test_labels import RULES

USERS = pl.DataFrame({"user_id": ["ann", "bob", "用户", "u00001", "u2", "u3", "u4", "u5"]})
MANY = pl.DataFrame({"user_id": [f"user {number}" for number in range(20_000)]})


def sampled(rows: pl.DataFrame, share: float) -> list[str]:
    how = {"learner": "trees", "imbalance": "weights", "calibration": "platt", "recall": 0.75}
    plan = FitPlan("v", RULES, [], (), 1, 0, share, "", **how, growth=Growth(1, 1, 0.1, 1, 0))
    return plan._sampled(rows)["user_id"].to_list()


def test_the_sample_does_not_change_and_a_larger_one_keeps_it() -> None:
    assert sampled(USERS, 0.5) == ["ann", "u3", "u4"]
    assert sampled(USERS, 0.7) == ["ann", "u00001", "u3", "u4"]
    assert sampled(USERS, 1.0) == USERS["user_id"].to_list()
    assert abs(len(sampled(MANY, 0.3)) / len(MANY) - 0.3) < 0.01


def test_the_halves_do_not_change_and_are_halves_of_any_sample() -> None:
    assert halves(USERS).tolist() == [False, False, False, False, False, True, False, False]
    part = MANY.filter(pl.col("user_id").is_in(sampled(MANY, 0.3)))
    assert abs(np.mean(halves(part)) - 0.5) < 0.02
