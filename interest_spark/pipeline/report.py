"""What a job did: the figures of its last line of output."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """`rows` published by table, the `versions` of the tables they are in, and further `details`."""

    status: str  # "done" or "nothing_to_do"
    rows: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __add__(self, other: "Outcome") -> "Outcome":
        """Both together: rows of one table add up, of its versions the later one counts."""
        status = "done" if "done" in (self.status, other.status) else "nothing_to_do"
        rows = Counter(self.rows)
        rows.update(other.rows)
        return Outcome(status, dict(rows), {**self.versions, **other.versions}, {**self.details, **other.details})


NOTHING_TO_DO = Outcome("nothing_to_do")
