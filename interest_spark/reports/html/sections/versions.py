"""Versions of everything that the day was made from: tables, steps, code, libraries."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from interest_spark import __version__
from interest_spark.foundation.digest import digest
from interest_spark.reports.html.source import ReportSource, Row
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.snapshot import Snapshot

_LIBRARIES = (
    *("pyspark", "pyarrow", "deltalake", "polars", "numpy", "pandas"),
    *("tensorflow-cpu", "tensorflow", "keras", "horovod", "petastorm"),
)


def gather(source: ReportSource) -> Mapping[str, Any]:
    tables = [row for name in TABLES for row in _slices(source.table(name), source.dt)]
    return {
        "tables": tables,
        "release": __version__,
        "releases": sorted({run.release for run in source.runs if run.day == source.dt}),
        "python": platform.python_version(),
        "libraries": _libraries(),
        "configuration": digest(json.loads(source.config.model_dump_json()))[:12],
        "model": source.trained,
    }


def _slices(table: Snapshot, dt: str) -> Sequence[Row]:
    """The day's slices of a table: what each holds, by which step and revision, from which versions."""
    found = []
    for each in table.slices(day=dt):
        record, made = table.record(each), table.made_from(each)
        found.append(
            {
                "table": table.table,
                "name": each.name,
                "version": table.version,
                "content": table.content(each),
                "step": made and f"{made.step} {made.revision}",
                "inputs": {name: read for name, read in record.versions.items() if read >= 0} if record else {},
            }
        )
    return found


def _libraries() -> Mapping[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
