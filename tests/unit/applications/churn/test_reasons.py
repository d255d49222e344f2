"""Reasons are sentences about every feature, and name what makes churn likelier first."""

import numpy as np
import polars as pl
import pytest

from interest_spark.applications.churn.design import OF_RHYTHM
from interest_spark.applications.churn.labels import HISTORY
from interest_spark.applications.churn.reasons import reasons_of, sentence
from interest_spark.schemas.customer_features import FEATURES, Feature


@pytest.mark.parametrize("feature", FEATURES, ids=lambda each: each.name)
def test_every_feature_has_a_sentence_for_what_is_known_and_what_is_not(feature: Feature) -> None:
    name, kind = feature.name, feature.type
    said = sentence(name, "garden" if kind == "string" else 3.5)
    assert said
    assert "{" not in said
    assert "ln(" not in said
    assert sentence(name, None).endswith(("not known", "days"))


def test_what_has_no_declaration_is_said_too() -> None:
    assert all("3" in sentence(name, 3.0) for name in (*OF_RHYTHM, *HISTORY))


def test_only_what_makes_churn_likelier_is_named_the_strongest_first_and_codes_together() -> None:
    columns = ["days_since_cart", "days_since_cart_missing", "top_category=tea", "top_category=toys", "views_7d"]
    added = np.array([[0.5, 0.5, 0.2, 0.1, -3.0], [0.1, -0.4, 0.2, 0.3, 0.0]])
    rows = pl.DataFrame({"days_since_cart": [53, None], "top_category": ["tea", "toys"], "views_7d": [9, 0]})
    assert reasons_of(columns, added, rows, 2) == [
        ["the last day with cart events is 53 days ago (+1.00)", "mostly category tea (+0.30)"],
        ["mostly category toys (+0.50)"],
    ]
