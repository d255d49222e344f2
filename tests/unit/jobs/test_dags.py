"""What the Airflow DAGs know of the jobs is what the steps declare."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from interest_spark.steps.declared import declared_jobs
from interest_spark.steps.nightly import JOBS

DAGS = Path(__file__).parents[3] / "jobs" / "dags"


def test_the_file_beside_the_dags_is_what_the_steps_declare() -> None:
    held = json.loads((DAGS / "interest_airflow" / "declared.json").read_text(encoding="utf-8"))
    assert held == {"jobs": [asdict(job) for job in declared_jobs()]}, "run `make dags`"


def test_every_job_waits_for_those_whose_tables_it_reads() -> None:
    after = {job.job: set(job.after) for job in declared_jobs()}
    assert after["ingest"] == set()
    assert after["promote"] == {"ingest", "sequences", "train"}  # the gates of ingest among them
    assert after["score"] == {"ingest", "sequences", "train", "promote"}
    assert after["evaluate"] == {"ingest", "sequences", "score"}


@pytest.mark.parametrize("job", list(JOBS)[1:])
def test_every_job_but_the_first_waits_for_another(job: str) -> None:
    (found,) = (each for each in declared_jobs() if each.job == job)
    assert found.after
