"""A few rows of a committed day, found without Spark: file lists from the log, filters pushed into Parquet."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.locations import is_url
from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.committed_files import check_columns
from interest_spark.storage.damage import naming, remedy_for
from interest_spark.storage.file_stores import local_copy
from interest_spark.storage.table_schemas import file_schema
from interest_spark.storage.warehouse import Warehouse

_EXAMPLES = 3
_ANEW = "make it anew with `interest sequences --day {} --force`"


def check_day(warehouse: Warehouse, table: str, dt: str, model: str) -> str | None:
    """Raise ConfigError, saying what there is, unless the day of the table is committed.

    Returns the name of the slices to look at: `model` where the table holds several of a day, else None.
    """
    days = warehouse.days(table)
    if not days:
        filled = [name for name in TABLES if warehouse.version(name) >= 0]
        there = f"it has {', '.join(filled)}" if filled else f"it is empty: run `interest daily --day {dt}`"
        raise ConfigError(f"table {table} is not in {warehouse.root} yet; {there}")
    if dt not in days:
        span = f"{days[0]}" if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
        before = [day for day in days if day < dt]
        nearest = before[-1] if before else days[0]
        raise ConfigError(f"table {table} has no day {dt}; it has {span}: try --day {nearest}")
    if SLICED_BY.get(table) != "model":
        return None
    names = [each.name for each in warehouse.open(table).slices(day=dt)]
    if model not in names:
        raise ConfigError(f"table {table} has nothing of model {model!r} on {dt}; try --model {names[0]}")
    return model


def day_rows(
    warehouse: Warehouse, table: str, dt: str, limit: int, user: str | None = None, name: str | None = None
) -> pa.Table:
    """The first `limit` rows of the day, of all its slices or of the one called `name`, or of that user's rows."""
    if user is not None and "user_id" not in TABLES[table].names:
        raise ConfigError(f"table {table} has no users; leave --user out")
    where = None if user is None else pc.field("user_id") == user
    return _find(warehouse.files(table, day=dt, name=name), table, limit, where)


def refused_rows(files: Sequence[str], limit: int) -> pa.Table:
    """The first lines of a refused delivery's quarantine; ConfigError where its files are deleted."""
    try:
        return _find(files, "quarantine", limit)
    except FileNotFoundError:
        raise ConfigError("the bad lines of the refused delivery are deleted; run the job again to see them") from None


def some_users(warehouse: Warehouse, table: str, dt: str) -> list[str]:
    """A few users that the day has, to name in a message."""
    found = _find(warehouse.files(table, day=dt), table, 100 * _EXAMPLES)
    return list(dict.fromkeys(found["user_id"].to_pylist()))[:_EXAMPLES]


def last_events(warehouse: Warehouse, dt: str, user: str, limit: int) -> pa.Table:
    """The end of a user's history as of the day, newest first: event_time, behavior, item_id, price."""
    history = day_rows(warehouse, "sequences", dt, 1, user)
    if history.num_rows == 0:
        return pa.table({name: [] for name in ("event_time", "behavior", "item_id", "price")})
    with naming(f"table sequences: the history of {user!r} on {dt}", _ANEW.format(dt), TypeError, LookupError):
        return _newest(warehouse, history.to_pylist()[0], limit)


def _newest(warehouse: Warehouse, row: Mapping[str, Any], limit: int) -> pa.Table:
    newest = slice(-1, -limit - 1, -1)
    index = row["item_index"][newest]
    known = _find(warehouse.files("vocab"), "vocab", limit, pc.field("item_index").isin(sorted(set(index))))
    ids = dict(zip(known["item_index"].to_pylist(), known["item_id"].to_pylist(), strict=True))
    return pa.table(
        {
            "event_time": pa.array(row["event_time"][newest], TABLES["events"].field("event_time").type),
            "behavior": [BEHAVIORS[code - 1] for code in row["behavior"][newest]],
            "item_id": [ids.get(item) for item in index],
            "price": pa.array(row["price"][newest], pa.float64()),
        }
    )


def tastes_of(warehouse: Warehouse, dt: str, user: str) -> list[dict[str, Any]]:
    """What stands in `tastes` of a user on a day, by rank, each with its cluster; empty where there are none.

    Left out is what has no cluster: after a run that was killed these may be of another model for a while.
    """
    named = warehouse.read_small("taste_clusters", day=dt).to_pylist()
    clusters = {(row["model_version"], row["cluster"]): row for row in named}
    found = day_rows(warehouse, "tastes", dt, max(len(clusters), 1), user).sort_by("rank").to_pylist()
    named_rows = ((clusters.get((row["model_version"], row["cluster"])), row) for row in found)
    return [{**cluster, **row} for cluster, row in named_rows if cluster]


def titles(warehouse: Warehouse, dt: str, item_ids: Sequence[str]) -> dict[str, str]:
    """Titles of the items as of the day, where the shop delivered any."""
    days = [day for day in warehouse.days("items") if day <= dt]
    if not days or not item_ids:
        return {}
    wanted = pc.field("item_id").isin(sorted(set(item_ids)))
    found = _find(warehouse.files("items", day=days[-1]), "items", len(set(item_ids)), wanted)
    pairs = zip(found["item_id"].to_pylist(), found["title"].to_pylist(), strict=True)
    return {item_id: title for item_id, title in pairs if title}


def _find(files: Sequence[str], table: str, limit: int, where: pc.Expression | None = None) -> pa.Table:
    schema = file_schema(table)
    if not files:
        return schema.empty_table()
    try:
        return _head(files, schema, limit, where)
    except (OSError, ValueError, pa.ArrowException, OverflowError):
        for file in files:  # one by one: which of them is it?
            with naming(f"data file {file}", remedy_for(file), ValueError, OverflowError):
                _head([file], schema, limit, where)
        raise


def _head(files: Sequence[str], schema: pa.Schema, limit: int, where: pc.Expression | None) -> pa.Table:
    if is_url(files[0]):
        rows = _head_of_copies(files, schema, limit, where)
    else:
        for file in files:
            check_columns(file, pq.read_schema(file))
        rows = ds.dataset(list(files), schema=schema, format="parquet").head(limit, filter=where)
    rows.validate(full=True)
    rows.to_pydict()  # what Python has no values for is as bad
    return rows


def _head_of_copies(files: Sequence[str], schema: pa.Schema, limit: int, where: pc.Expression | None) -> pa.Table:
    """One file after the other, for each is fetched, until there are enough rows."""
    found = schema.empty_table()
    for file in files:
        if found.num_rows >= limit:
            break
        with local_copy(file) as copy:
            check_columns(file, pq.read_schema(copy))
            rows = ds.dataset([copy], schema=schema, format="parquet").head(limit - found.num_rows, filter=where)
        found = pa.concat_tables([found, rows])
    return found
