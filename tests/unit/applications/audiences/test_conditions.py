"""Conditions as Spark columns say of every row what plain Python says, also where values are not known."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.applications.audiences.conditions import holds, interests_of, with_interests
from interest_spark.config.conditions import Compared, Condition, Every, Interested, Negated, Some, parse_condition
from interest_spark.storage.table_schemas import spark_schema

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow
USERS = [f"u{n}" for n in range(40)]
NUMBERS = ("days_since_purchase", "spent_90d", "evening_share")
NAMES = ("shoes", "tea", "books")
Row = Mapping[str, Any]

_whole, _float = st.integers(-2, 3), st.sampled_from([-1.5, 0.0, 0.5, 1.0, 2.0, math.nan])
_bound = st.sampled_from([-1, 0, 0.5, 1, 2])
_orders = st.sampled_from(["less_than", "at_most", "more_than", "at_least"])
_row = st.fixed_dictionaries(
    {
        "days_since_purchase": st.none() | _whole,
        "spent_90d": st.none() | _float,
        "evening_share": st.none() | _float,
        "top_category": st.none() | st.sampled_from(NAMES),
        "days_since_purchase_missing": st.none() | st.booleans(),
    }
)
_interest_row = st.fixed_dictionaries(
    {
        "user_id": st.sampled_from(USERS),
        "interest": st.sampled_from(["category", "brand"]),
        "name": st.sampled_from(NAMES),
        "rank": st.integers(1, 3),
        "value": st.none() | _float,
        "trend": st.none() | _float,
    }
)
_compared = st.one_of(
    st.builds(lambda name, order, value: {name: {order: value}}, st.sampled_from(NUMBERS), _orders, _bound),
    st.builds(
        lambda name, pair: {name: {"between": sorted(pair)}}, st.sampled_from(NUMBERS), st.tuples(_bound, _bound)
    ),
    st.builds(lambda name, values: {name: {"in": values}}, st.sampled_from(NUMBERS), st.lists(_bound, min_size=1)),
    st.builds(lambda values: {"top_category": {"in": values}}, st.lists(st.sampled_from(NAMES), min_size=1)),
    st.builds(lambda value: {"days_since_purchase_missing": {"is": value}}, st.booleans()),
    st.builds(lambda name, is_null: {name: {"is_null": is_null}}, st.sampled_from(NUMBERS), st.booleans()),
    st.builds(
        lambda kind, names, bounds, trend: {"interest": {"kind": kind, "value": names, **bounds, **trend}},
        st.sampled_from(["category", "brand", "platform"]),
        st.lists(st.sampled_from(NAMES)),
        st.dictionaries(_orders, _bound, max_size=2),
        st.sampled_from([{}, {"trend": "rising"}, {"trend": "falling"}, {"trend": {"is_null": True}}]),
    ),
)
_condition = st.recursive(
    _compared,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def is_true(condition: Condition, row: Row, interests: list[Row]) -> bool:
    """What the condition means, without Spark: a comparison with nothing is false."""
    if isinstance(condition, Every):
        return all(is_true(part, row, interests) for part in condition.parts)
    if isinstance(condition, Some):
        return any(is_true(part, row, interests) for part in condition.parts)
    if isinstance(condition, Negated):
        return not is_true(condition.part, row, interests)
    if isinstance(condition, Interested):
        return any(
            each["interest"] == condition.kind
            and (not condition.names or each["name"] in condition.names)
            and all(is_true(bound, each, []) for bound in condition.bounds)
            for each in interests
        )
    value = row.get(condition.column)
    known = value is not None and value == value
    if condition.operator == "is_null":
        return known != condition.value
    compare = {
        "less_than": lambda: value < condition.value,
        "at_most": lambda: value <= condition.value,
        "more_than": lambda: value > condition.value,
        "at_least": lambda: value >= condition.value,
        "in": lambda: value in condition.value,
    }
    return bool(known and compare[condition.operator]())


@given(
    st.lists(_row, min_size=len(USERS), max_size=len(USERS)),
    st.lists(_interest_row, max_size=60),
    st.lists(_condition, min_size=8, max_size=8),
)
@settings(max_examples=12)
def test_every_row_is_judged_as_plain_python_judges_it(
    spark: "SparkSession", rows: list[Row], interest_rows: list[Row], wheres: list[Any]
) -> None:
    conditions = [parse_condition(where) for where in wheres]
    people = [{"user_id": user, **row} for user, row in zip(USERS, rows, strict=True)]
    schema = spark_schema("customer_features")
    features = spark.createDataFrame([tuple(each.get(name) for name in schema.names) for each in people], schema)
    schema = spark_schema("profiles")
    profiles = spark.createDataFrame([tuple(each.get(name) for name in schema.names) for each in interest_rows], schema)
    interests = interests_of(conditions)
    joined = with_interests(features, profiles, interests)
    columns = [holds(each, interests).alias(f"c{place}") for place, each in enumerate(conditions)]
    found = {row["user_id"]: row[1:] for row in joined.select("user_id", *columns).collect()}
    for person in people:
        own = [each for each in interest_rows if each["user_id"] == person["user_id"]]
        expected = [is_true(condition, person, own) for condition in conditions]
        assert list(found[person["user_id"]]) == expected


def test_a_column_of_another_kind_is_compared_as_such() -> None:
    assert parse_condition({"top_category": {"is": "shoes"}}) == Compared("top_category", "in", ("shoes",))
