"""Sixty days carried one after another: every table is compared each day, with plain Python and with a rebuild.

    python -m tests.bench.bench_carried_days [--days 60] [--seed 3] [--history-days 10]

The log has late, copied, disordered and corrected events, and machines. Each day all tables must equal what
`tests.carried_world` finds in the accepted events, items must have the numbers that plain Python, day after day, gives
them, and `interest verify` must find that each carried table holds what a rebuild gives, by content hash. The first day
that differs ends the run.
"""

import argparse
import tempfile
import time
from pathlib import Path

from interest_spark.pipeline.context import RunContext
from interest_spark.steps.verify import verify
from tests.bench.reports import figure, report, say
from tests.carried_world import deliver_days, expected, found, number_new_items, vocabulary, world_config
from tests.runs import run_job


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--history-days", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = world_config(Path(folder), history_days=options.history_days)
        numbers: dict[str, int] = {}
        compared: list[float] = []
        seconds: list[float] = []
        for day in deliver_days(Path(folder), options.days, options.seed):
            started = time.perf_counter()
            for job in ("ingest", "sequences"):
                run_job(job, RunContext(config, day))
            seconds.append(time.perf_counter() - started)
            number_new_items(numbers, config, day)
            if vocabulary(config) != numbers:
                raise SystemExit(f"{day}: an item's number is not that of a replay of all days")
            if found(config, day) != expected(config, day):
                raise SystemExit(f"{day}: a table differs from what the log gives")
            compared.append(sum(verify(RunContext(config, day), buckets=4, of=4).rows.values()))
            say(f"{day}: {compared[-1]:.0f} rows equal those of a rebuild, {seconds[-1]:.1f} s")
    data = f"{options.days} days, history_days {options.history_days}"
    report("carried_days", data, [figure("rows compared a day", "rows", compared, 0), figure("a day", "s", seconds, 2)])


if __name__ == "__main__":
    main()
