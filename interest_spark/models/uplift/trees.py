"""Boosted trees for effects, which are small against what customers differ by."""

from dataclasses import dataclass
from importlib.util import find_spec

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.boosted_trees import BoostedTrees, Features, Floats


@dataclass(frozen=True)
class TreeSettings:
    """How trees are grown: `rounds` of them, `depth` deep, each weighing `rate`, with `leaf_rows` rows in a leaf.

    Effects are small against what customers differ by, so that few, shallow trees with many rows in each leaf are
    right: deeper ones fit noise. `sampled`: the part of the rows and of the columns that each tree sees.
    """

    rounds: int = 100
    depth: int = 3
    rate: float = 0.05
    leaf_rows: int = 100
    sampled: float = 0.8
    seed: int = 0


def check_installed() -> None:
    """Raise ConfigError where XGBoost is not there."""
    if find_spec("xgboost") is None:
        raise ConfigError("coupons are learnt by XGBoost, which is not installed; run `make install`")


def fit_trees(features: Features, wanted: Floats, settings: TreeSettings, *, labels: bool = False) -> BoostedTrees:
    """Trees for a number by squared error, or, of 0 and 1 where these are `labels`, for a probability by log loss.

    One thread and one seed: equal arguments give equal trees. Raises ValueError without rows.
    """
    import xgboost

    if not len(features):
        raise ValueError("trees need rows to learn from")
    rows = xgboost.DMatrix(features, label=wanted, nthread=1)
    start = float(wanted.mean())
    parameters = {
        "objective": "binary:logistic" if labels else "reg:squarederror",
        "base_score": min(max(start, 1e-6), 1 - 1e-6) if labels else start,
        "max_depth": settings.depth,
        "eta": settings.rate,
        # Of squared errors the weight of a row is 1, of log loss p (1 - p), at most a quarter.
        "min_child_weight": settings.leaf_rows * (start * (1 - start) if labels else 1.0),
        "subsample": settings.sampled,
        "colsample_bytree": settings.sampled,
        "tree_method": "hist",
        "nthread": 1,
        "seed": settings.seed,
        "verbosity": 0,
    }
    booster = xgboost.train(parameters, rows, num_boost_round=settings.rounds)
    return BoostedTrees.of(booster)
