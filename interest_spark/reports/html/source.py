"""What a report is made from: committed tables, each at one version, the journal of runs, and bundles."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from interest_spark.config.deployment import Config
from interest_spark.foundation.locations import Location
from interest_spark.operations.entry import RunEntry
from interest_spark.operations.journal import Journal
from interest_spark.storage.bundles import bundle_path
from interest_spark.storage.damage import naming, remedy_for
from interest_spark.storage.file_stores import local_copy
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.warehouse import Warehouse

WINDOW_DAYS = 30
"""How far back a report looks."""

Row = Mapping[str, Any]


class AbsentError(Exception):
    """A section has nothing to show; `reason` is a key of the texts, and `values` what it names."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values


@dataclass
class ReportSource:
    """The day `dt` of a deployment. Rows of tables that are small by nature are read whole, of others sums alone."""

    config: Config
    dt: str
    _open: dict[str, Snapshot] = field(default_factory=dict)

    @cached_property
    def warehouse(self) -> Warehouse:
        """Where the tables lie."""
        return Warehouse(self.config.warehouse)

    @property
    def first(self) -> str:
        """The first day that the report looks at."""
        return self.day_before(WINDOW_DAYS - 1)

    def day_before(self, days: int) -> str:
        """The day so many days earlier, as in `dt`."""
        return (date.fromisoformat(self.dt) - timedelta(days)).isoformat()

    def table(self, name: str) -> Snapshot:
        """The table, at the version that this report looks at throughout."""
        if name not in self._open:
            self._open[name] = self.warehouse.open(name)
        return self._open[name]

    def rows(self, table: str, **selection: str | None) -> list[Row]:
        """Rows of a small table, by default of the report's day, with `dt`, and `name` of the slice or their own."""
        opened, found = self.table(table), list[Row]()
        for each in opened.slices(**(selection or {"day": self.dt})):
            part = opened.read_small(day=each.day, name=each.name)
            found += [{"name": each.name, **row, "dt": each.day} for row in part.to_pylist()]
        return found

    def require(self, table: str, **selection: str | None) -> None:
        """Raise AbsentError unless the table has a slice of the selection, by default of the report's day."""
        if not self.table(table).slices(**(selection or {"day": self.dt})):
            raise AbsentError("page.no_rows", table=table, day=self.dt)

    def count(self, table: str, **selection: str | None) -> int:
        """Rows, by the log alone."""
        opened = self.table(table)
        paths = [path for each in opened.slices(**(selection or {"day": self.dt})) for path in opened.files_of(each)]
        return sum(rows or 0 for rows in opened.rows_of(paths).values())

    @contextmanager
    def scan(self, table: str, *columns: str, **selection: str | None) -> Iterator[pl.LazyFrame]:
        """Columns of a table of any size, to be summed up and `collected` within the context."""
        files = self.table(table).files(**(selection or {"day": self.dt}))
        with ExitStack() as copies:
            local = [copies.enter_context(local_copy(file)) for file in files]
            with naming(f"table {table} of {self.dt}", remedy_for(files[0]) if files else ""):
                frames = [pl.scan_parquet(file, hive_partitioning=False).select(*columns) for file in local]
                yield pl.concat(frames) if frames else pl.LazyFrame(schema=dict.fromkeys(columns, pl.String))

    @cached_property
    def served(self) -> str | None:
        """The name of the model whose lists of the day are shown; None where nobody has lists."""
        names = [each.name for each in self.table("recommendations").slices(day=self.dt)]
        return self.config.model_name if self.config.model_name in names else next(iter(names), None)

    @cached_property
    def trained(self) -> Row | None:
        """The row of `models` of the newest model up to the day, with `dt`; None where there is none."""
        models = self.table("models").slices(through=self.dt, name=self.config.model_name)
        return self.rows("models", day=models[-1].day, name=models[-1].name)[0] if models else None

    @property
    def bundle(self) -> Location:
        """The folder of that model. Raises AbsentError where there is none."""
        if self.trained is None:
            raise AbsentError("page.no_model", model=self.config.model_name, day=self.dt)
        return bundle_path(self.warehouse.root, str(self.trained["path"]))

    @cached_property
    def runs(self) -> Sequence[RunEntry]:
        """The journal's runs since the first day of the window, oldest first."""
        return list(Journal(self.warehouse.root).read(date.fromisoformat(self.first)))

    def titles(self, item_ids: Sequence[str]) -> dict[str, Row]:
        """What is known of these items as of the day, by their ids: title, category and image."""
        days = self.table("items").days(through=self.dt)
        if not days or not item_ids:
            return {}
        with self.scan("items", "item_id", "title", "category", "image", day=days[-1]) as items:
            found = collected(items.filter(pl.col("item_id").is_in(sorted(set(item_ids)))))
        return {row["item_id"]: row for row in found.to_dicts()}


def collected(rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows, read in pieces: what they are made from takes no memory of its own."""
    return rows.collect(engine="streaming")
