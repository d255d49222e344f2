"""What a job did: the figures of its last line of output."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interest_spark.foundation.errors import InterestError


@dataclass(frozen=True)
class Outcome:
    """`rows` published by table, the `versions` of the tables they are in, and further `details`.

    `error`: what the job ends with although part of it succeeded.
    """

    status: str  # "done" or "nothing_to_do"
    rows: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    error: InterestError | None = None

    def __add__(self, other: "Outcome") -> "Outcome":
        """Both together: rows of one table add up, of its versions the later one counts."""
        status = "done" if "done" in (self.status, other.status) else "nothing_to_do"
        rows = Counter(self.rows)
        rows.update(other.rows)
        return Outcome(
            status,
            dict(rows),
            {**self.versions, **other.versions},
            {**self.details, **other.details},
            self.error or other.error,
        )


NOTHING_TO_DO = Outcome("nothing_to_do")
