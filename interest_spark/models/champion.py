"""Which model serves: the decisions of the table `promotions`, the newest of which names the champion.

A decision names the champion's bundle itself, so that a model whose row in `models` was replaced, when its day was
delivered anew and trained again, still serves as it was judged.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

import pyarrow as pa

from interest_spark.foundation.locations import Location
from interest_spark.models.published import Model
from interest_spark.schemas.tables import SLICED_BY, TABLES
from interest_spark.storage.bundles import bundle_path
from interest_spark.storage.parts import write_part
from interest_spark.storage.snapshot import Snapshot

TABLE = "promotions"

Decided = Literal["first", "promoted", "refused", "kept", "rolled_back"]


@dataclass(frozen=True)
class Candidate:
    """A published model as a decision names it: `path` below the warehouse, `trained_through` as in `dt`."""

    version: str
    path: str
    manifest_sha256: str
    trained_through: str

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Candidate":
        """The model of a row of `models`."""
        return cls(row["model_version"], row["path"], row["manifest_sha256"], row["trained_through"])


@dataclass(frozen=True)
class Decision:
    """A row of `promotions`; what each field means stands there."""

    number: int
    decided: Decided
    champion: str
    reason: str
    path: str
    manifest_sha256: str
    trained_through: str
    judged_through: str
    challenger: str | None = None
    champion_before: str | None = None
    metric: str | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    users: int | None = None

    @property
    def candidate(self) -> Candidate:
        """The champion."""
        return Candidate(self.champion, self.path, self.manifest_sha256, self.trained_through)

    def model(self, warehouse: Location) -> Model:
        """The champion as scoring takes it."""
        return Model(self.champion, str(bundle_path(warehouse, self.path)), self.manifest_sha256)


def decision_for(
    champion: Candidate, decided: Decided, reason: str, before: Decision | None = None, **figures: Any
) -> Decision:
    """The decision that `champion` serves after `before`; `figures` are further fields."""
    known = Decision(
        number=1,
        decided=decided,
        champion=champion.version,
        reason=reason,
        path=champion.path,
        manifest_sha256=champion.manifest_sha256,
        trained_through=champion.trained_through,
        judged_through=champion.trained_through,
    )
    if before is not None:
        # A model that the champion of today has learnt less than is no challenger, nor is one that was judged.
        judged = max(before.judged_through, champion.trained_through)
        known = replace(known, judged_through=judged, champion_before=before.champion)
    return replace(known, **figures)


def read_decisions(table: Snapshot, **selection: str | None) -> list[Decision]:
    """The decisions of a selection of one model's slices, oldest first."""
    names = [field.name for field in fields(Decision)]
    decisions: list[Decision] = []
    for day in table.days(**selection):
        rows = table.read_small(**{**selection, "day": day, "after": None, "through": None}).to_pylist()
        decisions += sorted((Decision(**{name: row[name] for name in names}) for row in rows), key=_number)
    return decisions


def newest_decision(table: Snapshot, **selection: str | None) -> Decision | None:
    """The last decision of a selection of one model's slices; None where there is none. Only its day is read."""
    days = table.days(**selection)
    if not days:
        return None
    found = read_decisions(table, day=days[-1], name=selection.get("name"))
    return found[-1] if found else None


def write_decisions(folder: str, name: str, day: str, decisions: list[Decision]) -> str:
    """Write a day's decisions on the model of that name below a run's data folder; returns the file's path."""
    numbered = [replace(each, number=place) for place, each in enumerate(decisions, start=1)]
    rows = pa.Table.from_pylist([asdict(each) for each in numbered], TABLES[TABLE])
    named = rows.append_column(SLICED_BY[TABLE], pa.array([name] * len(rows), pa.string()))
    return write_part(folder, TABLE, day, named, 0)


def _number(decision: Decision) -> int:
    return decision.number
