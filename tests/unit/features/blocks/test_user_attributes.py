"""What the shop says of users, beside their histories and on every token that blocks hold of them."""

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.blocks import BlocksConfig, HeldOutConfig, HeldOutLastEvent, NothingHeldOut
from interest_spark.config.training.network_section import NetworkSection
from interest_spark.config.training.networks import TwoTowersConfig
from interest_spark.features.blocks.pack import PackingRules, blocks_of
from interest_spark.features.blocks.user_attributes import COLUMN, user_codes, with_user_attributes
from interest_spark.schemas.tokens import USER_COLUMNS, ColumnScheme
from tests.histories import as_histories

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NAMES = ("age", "attributes.tier", "gender")
TEXTS = st.one_of(st.none(), st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=3, max_size=3))
USERS = st.lists(st.tuples(st.integers(2, 12), TEXTS), min_size=1, max_size=6)


def test_users_are_described_by_what_is_named_and_known(spark: "SparkSession") -> None:
    histories = spark.createDataFrame([("a", 1), ("b", 2), ("c", 3)], "user_id string, events int")
    rows = [
        ("a", "f", 34, "north", {"tier": "gold", "club": "yes"}),
        ("b", None, None, "south", None),
        ("z", "m", 35, "west", {}),
    ]
    users = spark.createDataFrame(
        rows, "user_id string, gender string, age int, region string, attributes map<string,string>"
    )
    found = with_user_attributes(histories, users, NAMES).orderBy("user_id")
    assert [tuple(row) for row in found.collect()] == [
        ("a", 1, ["6", "gold", "f"]),  # 30 to 34 years
        ("b", 2, [None, None, None]),
        ("c", 3, None),
    ]
    assert [row[COLUMN] for row in with_user_attributes(histories, None, NAMES).collect()] == [None] * 3
    assert with_user_attributes(histories, users, ()).columns == histories.columns


def test_values_have_codes_and_what_is_not_known_has_none() -> None:
    rows = pa.table({COLUMN: pa.array([["6", "gold", "f"], None, ["7", None, "f"]], pa.list_(pa.string()))})
    codes = user_codes(rows, NAMES, 1000)
    assert list(codes) == list(USER_COLUMNS[:3])
    age, tier, gender = codes.values()
    assert age[0] != age[2] and gender[0] == gender[2] > 0 and tier[0] > 0 == tier[2]
    assert not any(values[1] for values in codes.values())
    assert user_codes(rows.slice(2), NAMES, 1000)[USER_COLUMNS[0]].tolist() == [age[2]]
    assert user_codes(pa.table({}), (), 1000) == {}


@given(USERS, st.booleans(), st.booleans())
def test_every_token_of_a_history_has_the_codes_of_its_user(
    users: list[tuple[int, list[str | None] | None]], masked: bool, held_out: bool
) -> None:
    """Items tell the users apart; the newest event, which masked blocks hide, has its user's codes as others do."""
    rule: HeldOutConfig = HeldOutLastEvent(share=1.0) if held_out else NothingHeldOut()
    rows = as_histories(
        [[100 * (number + 1) + event for event in range(length)] for number, (length, _) in enumerate(users)],
        user_attributes=[texts for _, texts in users],
    )
    flags = {"chosen": True, "replayed": False}
    for name, value in flags.items():
        rows = rows.append_column(name, pa.array([value] * len(users)))
    rules = PackingRules(
        BlocksConfig(tokens=5, held_out=rule),
        ColumnScheme(),
        date(2026, 1, 1),
        masked=masked,
        user_attributes=NAMES,
        user_codes=50,
    )
    expected = user_codes(rows, NAMES, 50)
    blocks = pa.Table.from_batches(blocks_of(rows.to_batches(), rules, 0, held_out=held_out)).to_pylist()
    assert blocks or all(length < 2 for length, _ in users)
    for block in blocks:
        assert block[USER_COLUMNS[len(NAMES)]] is None
        segment, item, target = (np.array(block[name]) for name in ("segment", "item", "target"))
        for number in set(segment.tolist()) - {0}:
            own = segment == number
            (user,) = {value // 100 - 1 for value in np.concatenate([item[own], target[own]]) if value >= 100}
            for name, codes in expected.items():
                assert set(np.array(block[name])[own].tolist()) == {codes[user]}
        for name in expected:
            assert not np.array(block[name])[segment == 0].any()


@pytest.mark.parametrize("names", [["shoe_size"], ["gender", "gender"], [f"attributes.{n}" for n in range(9)]])
def test_columns_that_users_lack_and_more_than_blocks_hold_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="user_attributes"):
        TwoTowersConfig(user_attributes=names)


def test_one_order_whatever_the_order_of_names() -> None:
    network: NetworkSection = TwoTowersConfig(user_attributes=["region", "age"])
    assert network.user_attributes == ("age", "region")
    assert network.user_columns == USER_COLUMNS[:2]


def test_users_have_content_only_where_items_do() -> None:
    with pytest.raises(ValueError, match="user_content needs content"):
        TwoTowersConfig(user_content=True)
