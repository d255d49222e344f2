"""What was planted, as Parquet tables beside the logs. Only tests and reports read them, never a job."""

from types import TracebackType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.sources.synthetic.catalogue import Catalogue
from interest_spark.sources.synthetic.delivery import DUPLICATE_KINDS
from interest_spark.sources.synthetic.faults import FAULTS
from interest_spark.sources.synthetic.folder import ShopDraft
from interest_spark.sources.synthetic.interests import Interests
from interest_spark.sources.synthetic.lines import BROKEN, DUPLICATE, GOOD, LINES_PER_FILE
from interest_spark.sources.synthetic.plan import Ints, Objects, ShopPlan
from interest_spark.sources.synthetic.shoppers import BOT_KINDS, Shoppers
from interest_spark.sources.synthetic.words import CATEGORIES

_TEXT, _INT = pa.string(), pa.int64()
_LINE = [("source_file", _TEXT), ("source_line", _INT)]  # the file relative to the shop, the line from 1

TRUTH_TABLES: dict[str, pa.Schema] = {
    # Weights over all categories, from `first_day` until the user's next one; machines have none.
    "interests": pa.schema([("user_id", _TEXT), ("first_day", _TEXT), ("category", _TEXT), ("weight", pa.float64())]),
    # The three strongest on the last day.
    "top_categories": pa.schema([("user_id", _TEXT), ("rank", _INT), ("category", _TEXT), ("weight", pa.float64())]),
    "bots": pa.schema([("user_id", _TEXT), ("kind", _TEXT)]),
    # People whose traffic is heavy and yet a person's.
    "keen_users": pa.schema([("user_id", _TEXT)]),
    "item_categories": pa.schema([("item_id", _TEXT), ("category", _TEXT), ("first_day", _TEXT)]),
    "broken_lines": pa.schema([*_LINE, ("kind", _TEXT), ("reason", _TEXT)]),
    # The copy, and the line it repeats byte for byte.
    "duplicates": pa.schema([*_LINE, ("kind", _TEXT), ("original_file", _TEXT), ("original_line", _INT)]),
    # Good lines delivered days after the day of their event.
    "late_events": pa.schema([*_LINE, ("user_id", _TEXT), ("event_day", _TEXT), ("days_late", _INT)]),
    # lines = good + duplicates + broken; late ones are among the good.
    "files": pa.schema(
        [("source_file", _TEXT), *((count, _INT) for count in ("lines", "good", "duplicates", "broken", "late"))]
    ),
}


def event_file(plan: ShopPlan, day: int, part: int) -> str:
    """The file of a day's events, relative to the shop."""
    return f"events/dt={plan.day(day)}/part-{part:05d}.jsonl.gz"


class TruthBook:
    """Writes the truth tables while the shop is generated; closes them all at the end of the block."""

    def __init__(self, plan: ShopPlan, draft: ShopDraft, catalogue: Catalogue, shoppers: Shoppers) -> None:
        self._plan, self._draft, self._catalogue, self._shoppers = plan, draft, catalogue, shoppers
        self._days = _objects([plan.day(day).isoformat() for day in range(plan.days)])
        self._categories = _objects([category.name for category in CATEGORIES[: catalogue.categories]])
        self._writers = {
            name: pq.ParquetWriter(draft.path(f"truth/{name}.parquet"), schema) for name, schema in TRUTH_TABLES.items()
        }

    def __enter__(self) -> "TruthBook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, writer in self._writers.items():
            writer.close()
            if error is None:
                self._draft.close_file(f"truth/{name}.parquet")

    def write_roles(self) -> None:
        """Who is a machine, who is keen, and which category each item belongs to."""
        shoppers, catalogue = self._shoppers, self._catalogue
        kinds = _objects(BOT_KINDS)[shoppers.bot_kind[shoppers.bots]]
        self._write("bots", user_id=shoppers.ids.text[shoppers.bots], kind=kinds)
        self._write("keen_users", user_id=shoppers.ids.text[shoppers.keen])
        self._write(
            "item_categories",
            item_id=catalogue.ids.text,
            category=self._categories[catalogue.category],
            first_day=self._days[catalogue.launch],
        )

    def write_interests(self, interests: Interests, users: Ints, day: int) -> None:
        """The interests of `users` from `day` on."""
        people = np.intersect1d(users, self._shoppers.people)
        categories = self._categories.size
        self._write(
            "interests",
            user_id=np.repeat(self._shoppers.ids.text[people], categories),
            first_day=np.full(people.size * categories, self._days[day], dtype=object),
            category=np.tile(self._categories, people.size),
            weight=interests.weights[people].ravel(),
        )

    def write_top_categories(self, interests: Interests) -> None:
        """Everybody's favorites as they stand now."""
        people = self._shoppers.people
        favorites = interests.favorites[people]
        top = favorites.shape[1]
        self._write(
            "top_categories",
            user_id=np.repeat(self._shoppers.ids.text[people], top),
            rank=np.tile(np.arange(1, top + 1), people.size),
            category=self._categories[favorites.ravel()],
            weight=np.take_along_axis(interests.weights[people], favorites, axis=1).ravel(),
        )

    def write_log(self, log: pd.DataFrame, day: int) -> None:
        """What is special about a day's log (`Delivery.receive`), and the counts of its files."""
        files, lines = self._source(np.full(len(log), day), np.arange(len(log)))
        log = log.assign(source_file=files, source_line=lines)
        self._write_broken(log[log["label"] == BROKEN])
        self._write_duplicates(log[log["label"] == DUPLICATE])
        self._write_late(log[(log["label"] == GOOD) & (log["days_late"] > 0)], day)
        for part in range(max(1, -(-len(log) // LINES_PER_FILE))):
            rows = log.iloc[part * LINES_PER_FILE : (part + 1) * LINES_PER_FILE]
            labels = np.bincount(rows["label"].to_numpy(dtype=np.int64), minlength=3)
            late = int(((rows["label"] == GOOD) & (rows["days_late"] > 0)).sum())
            self._write_counts(event_file(self._plan, day, part), labels.tolist(), late)

    def write_plain_file(self, name: str, lines: int) -> None:
        """The counts of a file of items or users, where all lines are good."""
        self._write_counts(name, [lines, 0, 0], 0)

    def _write_counts(self, name: str, labels: list[int], late: int) -> None:
        good, duplicates, broken = labels
        row = {"lines": sum(labels), "good": good, "duplicates": duplicates, "broken": broken, "late": late}
        self._write("files", source_file=_objects([name]), **{key: np.array([value]) for key, value in row.items()})

    def _write_broken(self, rows: pd.DataFrame) -> None:
        kind = rows["kind"].to_numpy(dtype=np.int64)
        self._write(
            "broken_lines",
            **_source_columns(rows),
            kind=_objects([fault.kind for fault in FAULTS])[kind],
            reason=_objects([fault.reason for fault in FAULTS])[kind],
        )

    def _write_duplicates(self, rows: pd.DataFrame) -> None:
        files, lines = self._source(rows["original_day"].to_numpy(np.int64), rows["original_row"].to_numpy(np.int64))
        kind = _objects(DUPLICATE_KINDS)[rows["kind"].to_numpy(dtype=np.int64)]
        self._write("duplicates", **_source_columns(rows), kind=kind, original_file=files, original_line=lines)

    def _write_late(self, rows: pd.DataFrame, day: int) -> None:
        days_late = rows["days_late"].to_numpy(dtype=np.int64)
        self._write(
            "late_events",
            **_source_columns(rows),
            user_id=self._shoppers.ids.text[rows["user"].to_numpy(dtype=np.int64)],
            event_day=self._days[day - days_late],
            days_late=days_late,
        )

    def _source(self, day: Ints, row: Ints) -> tuple[Objects, Ints]:
        places, which = np.unique(np.stack([day, row // LINES_PER_FILE]), axis=1, return_inverse=True)
        names = _objects([event_file(self._plan, *place) for place in places.T.tolist()])
        return names[which], row % LINES_PER_FILE + 1

    def _write(self, table: str, **columns: np.ndarray) -> None:
        schema = TRUTH_TABLES[table]
        if next(iter(columns.values())).size:
            self._writers[table].write_table(pa.table([columns[name] for name in schema.names], schema=schema))


def _source_columns(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    return {"source_file": rows["source_file"].to_numpy(), "source_line": rows["source_line"].to_numpy()}


def _objects(values: list[str] | tuple[str, ...]) -> Objects:
    return np.array(values, dtype=object)
