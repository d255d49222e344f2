"""The models of one name: what they are, how they were judged, and which of them serves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from interest_spark.evaluation.tally import MODEL
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location
from interest_spark.foundation.shown import shown
from interest_spark.foundation.streams import terminal
from interest_spark.models.champion import newest_decision
from interest_spark.storage.bundles import bundle_path, read_config
from interest_spark.storage.folder_files import files_below
from interest_spark.storage.warehouse import Warehouse

CHAMPION, NEWEST = "champion", "newest"


@dataclass(frozen=True)
class PublishedModel:
    """`kind`: of the network or the collaborative model; "" and no `bytes` where the bundle is gone. `figures`: by
    metric, of the newest day on which its lists were judged. `mark`: CHAMPION or, where there is none, NEWEST for the
    one that serves.
    """

    version: str
    kind: str
    trained_through: str
    parameters: int | None
    figures: Mapping[str, float]
    judged_on: str | None
    bytes: int | None
    mark: str


def list_models(warehouse: Warehouse, name: str, *, has_champion: bool, limit: int) -> list[PublishedModel]:
    """The newest models of that name, newest last; `has_champion`: whether the deployment serves one."""
    models = warehouse.open("models")
    days = models.days(name=name)
    decision = newest_decision(warehouse.open("promotions"), name=name) if has_champion else None
    rows = [row for day in days[-limit:] for row in models.read_small(day=day, name=name).to_pylist()]
    serves = rows[-1]["model_version"] if rows else None
    mark = NEWEST
    if decision is not None:
        serves, mark = decision.champion, CHAMPION
        if serves not in [row["model_version"] for row in rows]:  # its day is past the limit, or was trained again
            rows.insert(
                0, {"model_version": serves, "path": decision.path, "trained_through": decision.trained_through}
            )
    judged = _judged(warehouse, name, {row["model_version"] for row in rows})
    return [_described(warehouse.root, row, judged, mark if row["model_version"] == serves else "") for row in rows]


_Figures = tuple[str, Mapping[str, float]]


def _judged(warehouse: Warehouse, name: str, versions: Collection[str]) -> Mapping[str, _Figures]:
    """By version the newest day on which its lists were judged, and its figures of users."""
    table, found = warehouse.open("metrics"), dict[str, _Figures]()
    for day in reversed(table.days(name=name)):
        if found.keys() >= {*versions}:
            break
        rows = table.read_small(day=day, name=name).to_pylist()
        own = [row for row in rows if row["slice"] == MODEL and row.get("against") is None]
        figures = {row["metric"]: row["value"] for row in own if row["value"] is not None}
        for version in {row["model_version"] for row in own}:
            found.setdefault(version, (day, figures))
    return found


def _described(root: Location, row: Mapping[str, Any], judged: Mapping[str, _Figures], mark: str) -> PublishedModel:
    day, figures = judged.get(row["model_version"], (None, {}))
    kind, size = _bundle(root, row["path"] or "")
    return PublishedModel(
        version=row["model_version"],
        kind=kind,
        trained_through=row["trained_through"],
        parameters=row.get("parameters"),
        figures=figures,
        judged_on=day,
        bytes=size,
        mark=mark,
    )


def _bundle(root: Location, recorded: str) -> tuple[str, int | None]:
    """The kind of a bundle's model, and its bytes."""
    try:
        path = bundle_path(root, recorded)
        config = read_config(path)
        kind = (config.get("collaborative") or config.get("network") or {}).get("kind", "")
        return str(kind), sum(each.size for each in files_below(path))
    except BadDataError:
        return "", None


def print_models(models: Sequence[PublishedModel]) -> None:
    """One line a model."""
    metrics = sorted({name for each in models for name in each.figures})
    table = Table("version", "kind", "trained through", *metrics, "judged on", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("parameters", justify="right")
    table.add_column("MB", justify="right")
    table.add_column("serves")
    for each in models:
        figures = (f"{each.figures[name]:.4f}" if name in each.figures else "" for name in metrics)
        table.add_row(
            Text(shown(each.version)),
            Text(shown(each.kind) or "bundle is gone"),
            each.trained_through,
            *figures,
            each.judged_on or "",
            "" if each.parameters is None else f"{each.parameters:,}",
            "" if each.bytes is None else f"{each.bytes / 1e6:.1f}",
            Text(each.mark, style="bold green"),
        )
    terminal().print(table)
