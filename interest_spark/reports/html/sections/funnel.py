"""What became of the day's rows: from raw lines to suggestions, with the reasons of what was left out on the way."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from interest_spark.reports.html.source import ReportSource, Row, collected


def gather(source: ReportSource) -> Mapping[str, Any]:
    source.require("ingest_ledger")
    ledger = source.rows("ingest_ledger")
    kinds = list(dict.fromkeys(row["name"] for row in ledger))
    totals = [{"kind": kind, **_totals([row for row in ledger if row["name"] == kind])} for kind in kinds]
    most = max((each["rows"] for each in totals), default=0)
    return {"totals": totals, "most": most or 1, "refused": _refused(source), "users": _users(source)}


def _totals(rows: Sequence[Row]) -> Row:
    columns = ("raw_lines", "accepted", "duplicates", "quarantined", "ignored", "exploded")
    # Rows of earlier releases have no value in what they did not count.
    totals = {column: sum(row[column] or 0 for row in rows) for column in columns}
    return {**totals, "rows": totals["raw_lines"] + totals["exploded"]}


def _refused(source: ReportSource) -> Sequence[Row]:
    """Refused lines by kind and reason, most first."""
    found = []
    for each in source.table("quarantine").slices(day=source.dt):
        with source.scan("quarantine", "reason", day=each.day, name=each.name) as rows:
            counts = collected(rows.group_by("reason").len("lines"))
        found += [{"kind": each.name, **row} for row in counts.to_dicts()]
    return sorted(found, key=lambda row: (-row["lines"], row["kind"], row["reason"]))


def _users(source: ReportSource) -> Mapping[str, Any]:
    """Users with a history, with suggestions, and without or with few, by reason."""
    name = source.served
    if name is None:
        return {"histories": source.count("sequences"), "served": None, "unserved": []}
    with source.scan("recommendations", "rank", day=source.dt, name=name) as rows:
        served = collected(rows.filter(pl.col("rank") == 1).select(pl.len())).item()
    with source.scan("unserved", "reason", day=source.dt, name=name) as rows:
        reasons = collected(rows.group_by("reason").len("users")).to_dicts()
    unserved = sorted(reasons, key=lambda row: (-row["users"], row["reason"]))
    return {"histories": source.count("sequences"), "served": served, "unserved": unserved}
