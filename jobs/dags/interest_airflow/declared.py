"""The jobs of the nightly run as they declare themselves; `make dags` writes the file anew."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("declared.json")


@dataclass(frozen=True)
class DeclaredJob:
    """A job, the tables that it writes, and the earlier jobs whose tables it reads."""

    job: str
    steps: Sequence[str]
    writes: Sequence[str]
    after: Sequence[str]


def declared_jobs(without: Sequence[str] = ()) -> list[DeclaredJob]:
    """In their order. A job comes `after` those alone that no other one of them comes after already."""
    found: list[Mapping[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))["jobs"]
    after = {each["job"]: [name for name in each["after"] if name not in without] for each in found}
    return [
        DeclaredJob(each["job"], each["steps"], each["writes"], _nearest(each["job"], after))
        for each in found
        if each["job"] not in without
    ]


def _nearest(job: str, after: Mapping[str, Sequence[str]]) -> list[str]:
    return [name for name in after[job] if not any(name in after[other] for other in after[job])]
