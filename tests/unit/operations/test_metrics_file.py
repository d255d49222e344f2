"""The text file for Prometheus, read by its own parser."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from interest_spark.foundation.resource_use import ResourceUse
from interest_spark.operations.metrics_file import write_metrics
from tests.journal_entries import BEGIN, run_entry, step_entry

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def figures(path: Path) -> Figures:
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {(each.name, tuple(sorted(each.labels.items()))): each.value for one in families for each in one.samples}


def test_a_run_is_told(tmp_path: Path) -> None:
    first, second = ResourceUse(512.0, None, 100), ResourceUse(256.0, None, 7)
    steps = (
        step_entry(use=first),
        step_entry(day="2026-01-03", seconds=1.5, use=second),
        step_entry("items", rows={"items": 2}),
    )
    path = write_metrics(tmp_path / "new", run_entry(steps=steps))
    assert path.name == "interest_spark_daily.prom"
    found = figures(path)
    job = (("job", "daily"),)
    assert found["interest_spark_run_success", job] == 1
    assert found["interest_spark_run_exit_code", job] == 0
    assert found["interest_spark_run_start_timestamp_seconds", job] == BEGIN.timestamp()
    assert found["interest_spark_run_duration_seconds", job] == 60
    assert found["interest_spark_run_day_timestamp_seconds", job] == 1767312000
    assert found["interest_spark_step_duration_seconds", (*job, ("step", "events"))] == 3.5
    assert found["interest_spark_step_rows", (*job, ("step", "events"), ("table", "events"))] == 20
    assert found["interest_spark_step_rows", (*job, ("step", "items"), ("table", "items"))] == 2
    assert found["interest_spark_step_driver_memory_bytes", (*job, ("step", "events"))] == 512 * 2**20
    assert found["interest_spark_step_shuffle_bytes", (*job, ("step", "events"))] == 107
    assert ("interest_spark_step_shuffle_bytes", (*job, ("step", "items"))) not in found


def test_the_next_run_takes_the_file_s_place(tmp_path: Path) -> None:
    write_metrics(tmp_path, run_entry())
    write_metrics(tmp_path, run_entry("r2", status="busy", exit_code=75))
    write_metrics(tmp_path, run_entry("r3", job="maintain"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "interest_spark_daily.prom",
        "interest_spark_maintain.prom",
    ]
    found = figures(tmp_path / "interest_spark_daily.prom")
    assert found["interest_spark_run_success", (("job", "daily"),)] == 0
    assert found["interest_spark_run_exit_code", (("job", "daily"),)] == 75
