"""Customer features and profiles put into a warehouse as they are wanted, for audiences to be made of."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.log_files import shop_config
from tests.runs import run_job
from tests.small_tables import put_rows

DAY = date(2026, 1, 20)
Rows = Sequence[Mapping[str, Any]]


def world(root: Path, groups: Sequence[Mapping[str, Any]], **sections: Any) -> Config:
    """A deployment with these audiences; `audiences` are further keys of their section."""
    audiences = {"groups": list(groups), **sections.pop("audiences", {})}
    return shop_config(root, profiles={}, audiences=audiences, **sections)


def put_customers(config: Config, day: date, features: Rows, profiles: Rows = ()) -> None:
    """Features and profiles of a day; what a row does not name is null."""
    names = sorted({name for row in features for name in row})
    whole = [{name: row.get(name) for name in names} for row in features]
    for table, rows in (("customer_features", whole), ("profiles", profiles)):
        put_rows(Warehouse(config.warehouse), table, f"{table}-{day}", {Slice(day.isoformat()): rows})


def put_list(config: Config, kind: str, day: date, users: Sequence[str], name: str | None = None) -> None:
    """Everybody who is on a list of people as of the day."""
    rows = [{"user_id": user, **({"list": name} if name else {})} for user in users]
    put_rows(Warehouse(config.warehouse), kind, f"{kind}-{day}", {Slice(day.isoformat()): rows})


def make(config: Config, day: date = DAY, **how: Any) -> Outcome:
    """What `interest audience --day` does."""
    return run_job("audience", RunContext(config, day, **how))


def rows_of(config: Config, table: str, day: date = DAY) -> list[dict[str, Any]]:
    found = Warehouse(config.warehouse).read_small(table, day=day.isoformat()).to_pylist()
    return sorted(found, key=str)


def members(config: Config, audience: str, day: date = DAY) -> set[str]:
    return {row["user_id"] for row in rows_of(config, "audiences", day) if row["audience"] == audience}
