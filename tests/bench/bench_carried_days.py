"""Sixty days carried one after another: every table is compared each day, with plain Python and with a rebuild.

    python -m tests.bench.bench_carried_days [--days 60] [--seed 3] [--history-days 10]

The log has late, copied, disordered and corrected events, and machines. Each day all tables must equal what
`tests.carried_world` finds in the accepted events, and `interest verify` must find that each carried table holds what
a rebuild gives, by content hash. The first day that differs ends the run.
"""

import argparse
import tempfile
import time
from pathlib import Path

from interest_spark.pipeline.context import RunContext
from interest_spark.steps.verify import verify
from interest_spark.storage.warehouse import Warehouse
from tests.bench.reports import figure, report, say
from tests.carried_world import deliver_days, expected, found, world_config
from tests.runs import run_job


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--history-days", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = world_config(Path(folder), history_days=options.history_days)
        compared: list[float] = []
        seconds: list[float] = []
        for day in deliver_days(Path(folder), options.days, options.seed):
            started = time.perf_counter()
            for job in ("ingest", "sequences"):
                run_job(job, RunContext(config, day))
            seconds.append(time.perf_counter() - started)
            if found(config, day) != expected(config, day):
                raise SystemExit(f"{day}: a table differs from what the log gives")
            compared.append(sum(verify(RunContext(config, day), buckets=4, of=4).rows.values()))
            _check_numbers(config.warehouse)
            say(f"{day}: {compared[-1]:.0f} rows equal those of a rebuild, {seconds[-1]:.1f} s")
    data = f"{options.days} days, history_days {options.history_days}"
    report("carried_days", data, [figure("rows compared a day", "rows", compared, 0), figure("a day", "s", seconds, 2)])


def _check_numbers(warehouse: Path) -> None:
    """Every item ever used has exactly one number, and none is left out."""
    vocab = Warehouse(warehouse).read_small("vocab").to_pylist()
    if sorted(row["item_index"] for row in vocab) != list(range(2, len(vocab) + 2)):
        raise SystemExit("numbers of items are not each given once")
    used = {row["item_id"] for row in Warehouse(warehouse).read_small("item_days").to_pylist()}
    interest = {row["item_id"] for row in vocab}
    if not used >= interest or len(interest) != len(vocab):
        raise SystemExit("an item has two numbers, or one that nobody used")


if __name__ == "__main__":
    main()
