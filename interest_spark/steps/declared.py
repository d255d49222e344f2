"""What the jobs declare about themselves, for those who run them without this package's libraries, such as Airflow.

`python -m interest_spark.steps.declared` prints it as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from interest_spark.pipeline.step import Step
from interest_spark.steps.nightly import JOBS


@dataclass(frozen=True)
class DeclaredJob:
    """A job's steps in their order, the tables that they write, and the earlier jobs whose tables they read."""

    job: str
    steps: Sequence[str]
    writes: Sequence[str]
    after: Sequence[str]


def declared_jobs(jobs: Mapping[str, Sequence[Step]] = JOBS) -> list[DeclaredJob]:
    """All jobs of the nightly run, in their order."""
    found: list[DeclaredJob] = []
    for name, steps in jobs.items():
        reads = {read.table for step in steps for read in step.reads}
        writes = sorted({table for step in steps for table in step.writes})
        after = [earlier.job for earlier in found if reads & {*earlier.writes}]
        found.append(DeclaredJob(name, list(dict.fromkeys(step.name for step in steps)), writes, after))
    return found


if __name__ == "__main__":
    print(json.dumps({"jobs": [asdict(each) for each in declared_jobs()]}, indent=2))
