"""Figures of the last run of each job, for the text file collector of Prometheus' node exporter.

One file a job, `interest_spark_<job>.prom`, which is written whole and then takes its place, as the collector asks.
"""

from collections import Counter, defaultdict
from datetime import date, datetime, timezone
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import write_to_textfile

from interest_spark.operations.entry import RunEntry

_GOOD = ("done", "nothing_to_do")


def write_metrics(folder: Path, entry: RunEntry) -> Path:
    """Write the file of the entry's job; returns its path. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"interest_spark_{entry.job}.prom"
    write_to_textfile(str(path), _figures(entry))
    return path


def _figures(entry: RunEntry) -> CollectorRegistry:
    registry = CollectorRegistry()

    def figure(name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"interest_spark_{name}", what, ("job", *labels), registry=registry)

    job = entry.job
    figure("run_success", "1 if the last run did all that there was to do, else 0.").labels(job).set(
        entry.status in _GOOD
    )
    figure("run_exit_code", "What the last run left with: 0, 2, 3, 75; 1 is a bug.").labels(job).set(
        entry.exit_code or 0
    )
    figure("run_start_timestamp_seconds", "When the last run began.").labels(job).set(entry.started.timestamp())
    figure("run_end_timestamp_seconds", "When the last run ended.").labels(job).set(entry.updated.timestamp())
    figure("run_duration_seconds", "How long the last run took.").labels(job).set(entry.seconds)
    figure("run_day_timestamp_seconds", "Midnight (UTC) of the day that the last run was for.").labels(job).set(
        _midnight(entry.day)
    )
    seconds: dict[str, float] = defaultdict(float)
    rows: Counter[tuple[str, str]] = Counter()
    for step in entry.steps:
        seconds[step.step] += step.seconds
        rows.update({(step.step, table): count for table, count in step.rows.items()})
    per_step = figure("step_duration_seconds", "How long a step of the last run took, of all its days.", "step")
    for name, took in seconds.items():
        per_step.labels(job, name).set(took)
    per_table = figure("step_rows", "Rows that a step of the last run published, of all its days.", "step", "table")
    taken: dict[str, float] = {}
    shuffled: Counter[str] = Counter()
    for step in entry.steps:
        if step.use.driver_memory_mb is not None:
            taken[step.step] = max(taken.get(step.step, 0.0), step.use.driver_memory_mb * 2**20)
        if step.use.shuffle_bytes is not None:
            shuffled[step.step] += step.use.shuffle_bytes
    memory = figure("step_driver_memory_bytes", "Resident memory of the driver and all that it started.", "step")
    exchange = figure("step_shuffle_bytes", "Bytes that a step of the last run had Spark exchange.", "step")
    for per, sizes in ((memory, taken), (exchange, shuffled)):
        for name, size in sizes.items():
            per.labels(job, name).set(size)
    for (name, table), count in rows.items():
        per_table.labels(job, name, table).set(count)
    return registry


def _midnight(day: str) -> float:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), timezone.utc).timestamp()
