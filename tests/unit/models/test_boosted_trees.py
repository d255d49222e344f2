"""What grown trees say is what XGBoost itself says, of any rows, after a way through text."""

import math

import numpy as np
import pytest

from interest_spark.models.boosted_trees import BoostedTrees, Features

xgboost = pytest.importorskip("xgboost")


@pytest.fixture(scope="module")
def features() -> Features:
    rng = np.random.default_rng(5)
    found = rng.normal(size=(400, 3)).astype(np.float32)
    found[rng.random(found.shape) < 0.1] = math.nan
    return found


@pytest.fixture(scope="module")
def grown(features: Features) -> "xgboost.Booster":
    labels = np.nan_to_num(features[:, 0]) + np.nan_to_num(features[:, 1]) > 0
    names = ["a column", "another", "a third"]
    rows = xgboost.DMatrix(features, labels, feature_names=names)
    return xgboost.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, rows, 20)


def test_probabilities_are_the_margin_through_the_logistic_function(
    grown: "xgboost.Booster", features: Features
) -> None:
    grown.feature_names = None
    expected = grown.predict(xgboost.DMatrix(features))
    trees = BoostedTrees(BoostedTrees.of(grown).text)
    np.testing.assert_allclose(trees.predict(features), expected, rtol=1e-6)
    np.testing.assert_allclose(trees.predict(features), 1 / (1 + np.exp(-trees.margin(features))), rtol=1e-5)
    assert trees.predict(features[:0]).shape == trees.margin(features[:0]).shape == (0,)


def test_contributions_tell_of_each_column_what_it_adds(grown: "xgboost.Booster", features: Features) -> None:
    trees = BoostedTrees.of(grown)
    margin, found = trees.margin(features), trees.contributions(features)
    assert found.shape == features.shape
    usual = margin - found.sum(axis=1)
    np.testing.assert_allclose(usual, usual[0], atol=1e-4)
    assert np.abs(found[:, 2]).mean() < np.abs(found[:, 0]).mean() / 5, "labels follow from the first two alone"


def test_the_text_names_no_column_and_is_all_there_is(grown: "xgboost.Booster", features: Features) -> None:
    trees = BoostedTrees.of(grown)
    assert "another" not in trees.text
    assert (BoostedTrees(trees.text).predict(features) == trees.predict(features)).all()
