"""What the Airflow variable `interest` says about a deployment: the only place where the DAGs are configured."""

from datetime import date, time
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

import yaml
from airflow.sdk import Variable
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

VARIABLE = "interest"
_HOW_TO_SET = f"write it as one JSON object: `airflow variables set {VARIABLE} '{{…}}'`"
_Weekday = Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]  # cron's 0 … 6


class DeploymentError(Exception):
    """The variable is missing or wrong; Airflow shows the text as the import error of the DAGs."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SparkSettings(_Section):
    """How jobs are submitted: master, deploy mode and YARN queue stand in the Airflow `connection`.

    `env` reaches Spark in command lines on YARN and Kubernetes, and is shown by Airflow: it is no place for secrets.
    """

    connection: str = "spark_default"
    submit: str = "spark-submit"
    conf: dict[str, str] = {}
    env: dict[str, str] = {}
    files: str | None = None
    py_files: str | None = None
    archives: str | None = None
    properties_file: str | None = None
    driver_memory: str | None = None
    executor_memory: str | None = None
    executor_cores: int | None = None
    num_executors: int | None = None


SECTIONS = {
    "promote": "promote",
    "profiles": "profiles",
    "audience": "audiences",
    "coupons": "coupons",
    "churn": "churn",
}
"""Jobs by the section of the configuration without which they have nothing to do, and get no task."""


class Deployment(_Section):
    """One deployment. `jobs` and `config` are paths on the machines that submit, or URLs that spark-submit reads."""

    jobs: str
    config: str
    set: dict[str, Any] = {}
    first_day: date
    last_day: date | None = None
    at: time = time(3)
    time_zone: str
    catchup: bool = False
    training: Literal["daily", "weekly"] = "daily"
    weekday: _Weekday = "monday"
    promote: bool = False
    profiles: bool = False
    coupons: bool = False
    audiences: bool = False
    churn: bool = False
    pool: str = "default_pool"
    training_pool: str = "default_pool"
    queue: str | None = None
    retries: int = Field(default=6, ge=0)
    retry_minutes: float = Field(default=2, gt=0)
    spark: SparkSettings = SparkSettings()

    @model_validator(mode="before")
    @classmethod
    def _days_begin_where_the_shop_has_them(cls, keys: Any) -> Any:
        """The time zone of the configuration, where that can be read; else it has to be given."""
        if not isinstance(keys, dict) or not isinstance(keys.get("config"), str):
            return keys
        overrides = keys.get("set")
        overrides = overrides if isinstance(overrides, dict) else {}
        of_shop = overrides.get("shop.time_zone") or _zone_in(keys["config"])
        given = keys.get("time_zone")
        if given is None and of_shop is None:
            raise ValueError(f"{keys['config']} cannot be read here; give its shop.time_zone as time_zone, too")
        if None not in (given, of_shop) and given != of_shop:
            raise ValueError(f"time_zone {given!r} is not shop.time_zone {of_shop!r} of {keys['config']}")
        return {**keys, "time_zone": given or of_shop}

    @model_validator(mode="before")
    @classmethod
    def _sections_are_the_configurations(cls, keys: Any) -> Any:
        """Whether there is a section of each name, where the configuration can be read; else as given."""
        if not isinstance(keys, dict) or not isinstance(keys.get("config"), str):
            return keys
        return {**keys, **{name: has for name in SECTIONS.values() if (has := _has_section(name, keys)) is not None}}

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError("no IANA name, such as Asia/Shanghai") from error
        return zone

    @property
    def nightly(self) -> str:
        """When the day before is worked for, as cron has it."""
        return f"{self.at.minute} {self.at.hour} * * *"

    @property
    def weekly(self) -> str:
        """When the week before is worked for, as cron has it."""
        return f"{self.at.minute} {self.at.hour} * * {get_args(_Weekday).index(self.weekday)}"


def read_deployment() -> Deployment:
    """The deployment of the variable. Raises DeploymentError naming the faulty key, its value and the remedy."""
    found = Variable.get(VARIABLE, default=None)
    if found is None:
        raise DeploymentError(f"the Airflow variable {VARIABLE!r} is missing; {_HOW_TO_SET}")
    try:
        return Deployment.model_validate_json(found)
    except ValidationError as error:
        faults = "; ".join(_described(fault) for fault in error.errors(include_url=False))
        raise DeploymentError(f"the Airflow variable {VARIABLE!r} is wrong: {faults}; {_HOW_TO_SET}") from None


def _described(fault: Any) -> str:
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}"
    if fault["type"] == "missing":
        return f"key {key} is missing"
    told = fault["msg"].removeprefix("Value error, ")
    value = "" if not key or fault["type"] == "json_invalid" else f" {fault['input']!r}"
    return f"{key}{value}: {told}" if key else told


def _zone_in(config: str) -> str | None:
    """The configuration's shop.time_zone; None where the file does not lie on this machine."""
    keys = _keys_in(config)
    if keys is None:
        return None
    shop = keys.get("shop")
    zone = shop.get("time_zone") if isinstance(shop, dict) else None
    return zone if isinstance(zone, str) else "UTC"


def _has_section(name: str, keys: dict[str, Any]) -> bool | None:
    """Whether the configuration has the section; None where nobody says so and the file does not lie on this machine.

    Raises ValueError where the variable says otherwise than the configuration.
    """
    overrides = keys.get("set")
    known = overrides if isinstance(overrides, dict) else {}
    said = [value is not None for key, value in known.items() if key == name or key.startswith(f"{name}.")]
    in_file = _keys_in(keys["config"])
    of_shop = any(said) if said else (None if in_file is None else in_file.get(name) is not None)
    given: bool | None = keys.get(name)
    if None not in (given, of_shop) and given != of_shop:
        has = "has" if of_shop else "has no"
        raise ValueError(f"{name} {given!r} does not fit {keys['config']}, which {has} section {name}")
    return of_shop if given is None else given


def _keys_in(config: str) -> dict[str, Any] | None:
    path = Path(config)
    if not path.is_file():
        return None
    keys = yaml.safe_load(path.read_text(encoding="utf-8"))
    return keys if isinstance(keys, dict) else {}
