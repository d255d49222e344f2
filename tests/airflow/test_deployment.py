"""The variable that configures the DAGs: what it says, and what is said of a faulty one."""

import json
from datetime import date, time
from typing import Any

import pytest
from interest_airflow.deployment import Deployment, DeploymentError, SparkSettings, read_deployment

from tests.readme import README, code, table


def read(monkeypatch: pytest.MonkeyPatch, keys: Any) -> Any:
    monkeypatch.setenv("AIRFLOW_VAR_INTEREST", keys if isinstance(keys, str) else json.dumps(keys))
    return read_deployment()


def test_three_keys_are_enough(monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]) -> None:
    found = read(monkeypatch, deployment_keys)
    assert (found.time_zone, found.first_day) == ("Asia/Shanghai", date(2026, 1, 1))
    assert (found.nightly, found.weekly) == ("0 3 * * *", "0 3 * * 1")


def test_an_overridden_time_zone_is_the_shops(monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]) -> None:
    assert read(monkeypatch, {**deployment_keys, "set": {"shop.time_zone": "UTC"}}).time_zone == "UTC"


def test_a_configuration_elsewhere_needs_the_time_zone(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any]
) -> None:
    elsewhere = {**deployment_keys, "config": "/elsewhere/shop.yaml"}
    assert read(monkeypatch, {**elsewhere, "time_zone": "Europe/Berlin"}).time_zone == "Europe/Berlin"
    with pytest.raises(DeploymentError, match=r"/elsewhere/shop\.yaml cannot be read here"):
        read(monkeypatch, elsewhere)


def test_a_missing_variable_says_how_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_VAR_INTEREST", raising=False)
    with pytest.raises(DeploymentError, match=r"'interest' is missing; .*`airflow variables set interest"):
        read_deployment()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trainign": "weekly"}, "unknown key trainign"),
        ({"training": "monthly"}, "training 'monthly': Input should be 'daily' or 'weekly'"),
        ({"first_day": "2026-02-30"}, "first_day '2026-02-30'"),
        ({"retries": -1}, "retries -1"),
        ({"time_zone": "UTC"}, "time_zone 'UTC' is not shop.time_zone 'Asia/Shanghai'"),
        ({"set": {"shop.time_zone": "Asia/Nowhere"}}, "time_zone 'Asia/Nowhere': no IANA name"),
        ({"spark": {"executor_cores": "many"}}, "spark.executor_cores 'many'"),
        ({"jobs": None}, "jobs None"),
    ],
)
def test_a_fault_is_one_line_with_key_and_value(
    monkeypatch: pytest.MonkeyPatch, deployment_keys: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(DeploymentError) as refused:
        read(monkeypatch, {**deployment_keys, **changes})
    assert told in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["{", "[]", '"no"', "{}"])
def test_what_is_no_deployment_at_all_is_said_so(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(DeploymentError, match=r"the Airflow variable 'interest' is wrong: .+; write it as one JSON"):
        read(monkeypatch, text)


def test_the_readme_states_every_key_with_its_default() -> None:
    stated = {code(key)[0]: cell for key, cell, _ in table(README.read_text(encoding="utf-8"), "variable's key")}
    expected = {**defaults(Deployment), **{f"spark.{key}": value for key, value in defaults(SparkSettings).items()}}
    del expected["spark"]
    assert stated == expected


def defaults(section: Any) -> dict[str, str]:
    return {
        name: "required" if field.is_required() else f"`{_shown(field.default)}`"
        for name, field in section.model_fields.items()
    }


def _shown(value: Any) -> str:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return value if isinstance(value, str) else json.dumps(value, default=str)
