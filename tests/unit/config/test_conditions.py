"""The language of conditions: what it means, and what is said of what it does not know."""

from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.conditions import Compared, Every, Interested, Negated, Some, parse_condition
from interest_spark.config.file import load_config
from interest_spark.foundation.errors import ConfigError
from tests.log_files import shop_config, write_config


def test_keys_of_one_mapping_hold_together_and_between_has_both_ends() -> None:
    found = parse_condition({"events_30d": {"more_than": 1, "at_most": 9}, "spent_90d": {"between": [0.5, 2]}})
    assert found == Every(
        (
            Every((Compared("events_30d", "more_than", 1), Compared("events_30d", "at_most", 9))),
            Every((Compared("spent_90d", "at_least", 0.5), Compared("spent_90d", "at_most", 2))),
        )
    )


def test_joints_nest_and_an_interest_bounds_its_row() -> None:
    interest = {
        "kind": "category",
        "value": ["shoes", "boots"],
        "at_least": 0.3,
        "trend": "rising",
        "rank": {"at_most": 1},
    }
    found = parse_condition({"any": [{"not": {"top_brand": {"is": "acme"}}}, {"interest": interest}]})
    bounds = (Compared("value", "at_least", 0.3), Compared("trend", "more_than", 0.0), Compared("rank", "at_most", 1))
    assert found == Some(
        (Negated(Compared("top_brand", "in", ("acme",))), Interested("category", ("shoes", "boots"), bounds))
    )


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"days_since_purchas": {"less_than": 30}}, "did you mean 'days_since_purchase'?"),
        ({"days_since_purchase": {"less_then": 30}}, "did you mean 'less_than'?"),
        ({"days_since_purchase": 30}, "needs a comparison such as"),
        ({"days_since_purchase": {"less_than": "30"}}, "needs a number, and has '30'"),
        ({"days_since_purchase": {"less_than": float("nan")}}, "needs a number, and has nan"),
        ({"days_since_purchase": {"less_than": True}}, "needs a number, and has True"),
        ({"days_since_purchase": {"between": [3, 1]}}, "3 is above 1"),
        ({"days_since_purchase": {"is_null": 1}}, "write true or false"),
        ({"top_category": {"at_least": 1}}, "top_category is no number"),
        ({"top_category": {"in": []}}, "needs a list of values"),
        ({"days_since_purchase_missing": {"is": "yes"}}, "needs true or false, and has 'yes'"),
        ({"all": {}}, "needs a list of conditions"),
        ({"anny": []}, "did you mean 'any'?"),
        ({"interest": {"value": "shoes"}}, "needs a kind"),
        ({"interest": {"kind": "categori"}}, "did you mean 'category'?"),
        ({"interest": {"kind": "category", "trend": "risin"}}, "did you mean 'rising'?"),
        ({"interest": {"kind": "category", "confidenc": {"at_least": 1}}}, "did you mean 'confidence'?"),
        ({"user_id": {"is": "u1"}}, "unknown column 'user_id'"),
        ([], "where is no condition"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_word(where: Any, said: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_condition(where)
    assert said in str(raised.value)


def test_what_nests_without_end_is_refused() -> None:
    where: dict[str, Any] = {"events_30d": {"at_least": 1}}
    for _ in range(30):
        where = {"not": where}
    with pytest.raises(ValueError, match="nested more than 20 deep"):
        parse_condition(where)


def told(tmp_path: Path, document: str) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(f"warehouse: w\nsources: {{events: {{path: 'e/{{day}}'}}}}\n{document}", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    return str(raised.value)


def test_a_configuration_with_a_mistake_says_where_it_is(tmp_path: Path) -> None:
    groups = "groups: [{name: a, where: {all: [{spent_9d: {at_least: 1}}]}}]"
    assert "where.all.0.spent_9d: unknown column 'spent_9d'; did you mean 'spent_90d'?" in told(
        tmp_path, f"profiles: {{}}\naudiences: {{{groups}}}"
    )
    rule = "where: {spent_90d: {at_least: 1}}"
    for section, said in (
        (f"audiences: {{groups: [{{name: a, {rule}}}]}}", "add the section `profiles: {}`"),
        (
            f"profiles: {{}}\naudiences: {{groups: [{{name: a, {rule}}}, {{name: a, {rule}}}]}}",
            "two audiences are called",
        ),
        ("profiles: {}\naudiences: {groups: [{name: a}]}", "says nothing of whom it is made"),
        ("profiles: {}\naudiences: {groups: [{name: A, propensity: {}}]}", "an audience's name is made of"),
        (f"profiles: {{}}\naudiences: {{groups: [{{name: a, {rule}, top: 5}}]}}", "has no scores"),
        ("profiles: {}\naudiences: {groups: [{name: a, propensity: {behavior: buy}}]}", "unknown behavior 'buy'"),
        ("profiles: {}\naudiences: {groups: [{name: a, look_alike: {seeds: vips}}]}", "sources.seeds"),
        ("profiles: {}\naudiences: {groups: []}", "audiences.groups"),
    ):
        assert said in told(tmp_path, section), section


def test_a_configuration_is_the_same_once_written_and_read_again(tmp_path: Path) -> None:
    where = {"any": [{"interest": {"kind": "brand", "value": "acme"}}, {"spent_90d": {"between": [1, 2.5]}}]}
    config = shop_config(tmp_path, profiles={}, audiences={"groups": [{"name": "a", "where": where}]})
    assert load_config(write_config(tmp_path / "shop.yaml", config)).audiences == config.audiences
