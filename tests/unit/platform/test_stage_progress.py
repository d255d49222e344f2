"""Progress of Spark's stages: lines that tell the run, and no step that only happened to start Spark."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from interest_spark.platform import stage_progress

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def slowly(rows: Iterator[int]) -> Iterator[int]:
    time.sleep(2)
    yield from rows


def test_lines_of_a_running_stage_tell_the_run(spark: "SparkSession", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_progress, "_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(stage_progress, "_THREAD", "stage-progress under test")
    with capture_logs() as lines:
        with bound_contextvars(job="ingest", run_id="20260102T000000-abc", step="events", day="2026-01-02"):
            stage_progress.show_stages(spark.sparkContext)
        assert spark.sparkContext.parallelize(range(2), 2).mapPartitions(slowly).count() == 2
    progress = [line for line in lines if line["event"] == "progress" and line["total"] == 2]
    assert progress
    for line in progress:
        assert (line["job"], line["run_id"]) == ("ingest", "20260102T000000-abc")
        assert "step" not in line and "day" not in line
