"""The doctor's probes on the real stack."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interest_spark.config.spark import SparkConfig
from interest_spark.platform import probes
from interest_spark.storage.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_java_answers() -> None:
    assert probes.try_java().status in ("ok", "warning")


def test_petastorm_reads_every_row(capfd: pytest.CaptureFixture[str]) -> None:
    assert probes.try_petastorm() == probes.Finding("petastorm reads", "ok", "20 rows")
    assert capfd.readouterr().out == ""


@pytest.mark.slow
def test_tensorflow_runs_and_horovod_is_judged() -> None:
    runs, horovod = probes.try_training(ranks=1)
    assert runs.status == "ok"
    assert horovod.status in ("ok", "warning")


def test_two_rows_go_through_a_python_worker_into_a_committed_table(spark: "SparkSession", tmp_path: Path) -> None:
    findings = probes.try_spark(SparkConfig(), tmp_path)
    assert [finding.status for finding in findings] == ["ok", "ok"]
    assert list(tmp_path.iterdir()) == []
    # The session of whoever asked goes on.
    assert spark.range(3).count() == 3


def test_rows_that_the_driver_cannot_see_are_unsupported(
    spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a warehouse on each node's own disk: the job ends well and its files are elsewhere."""
    stage = Warehouse.stage

    def stage_elsewhere(self: Warehouse, frame: object, table: str, days: object, run_id: str) -> object:
        return stage(self, frame.limit(0), table, days, run_id)  # type: ignore[attr-defined,arg-type]

    monkeypatch.setattr(Warehouse, "stage", stage_elsewhere)
    found = probes.try_spark(SparkConfig(), tmp_path)[-1]
    assert found.status == "unsupported"
    assert "0 of 2 rows" in found.found
    assert "mount one folder" in found.remedy
