"""What opening, looking up and committing cost after 30 commits of one table, and after 3,000.

`days` commits another day each time, so that the table grows; `same` replaces the same 28 days over and over.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from interest_spark.storage.commit import commit
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.bench.reports import figure, report, say
from tests.small_tables import put_rows, stage_rows

FEW, MANY, REPEATS = 30, 3_000, 41
ROWS = [{"item_id": "a", "item_index": 2}]


def main() -> None:
    figures = {kind: measure(kind) for kind in ("days", "same")}
    ratios = {f"{act}, {kind}": many / few for kind, acts in figures.items() for act, (few, many) in acts.items()}
    shown = [figure(f"{name}: after {MANY} commits to after {FEW}", "ratio", [each]) for name, each in ratios.items()]
    report("commits", "one table", shown, milliseconds=figures)


def measure(kind: str) -> dict[str, tuple[float, float]]:
    """Medians in milliseconds after FEW and after MANY commits, by act."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse, by_count = Warehouse(Path(folder)), {}
        for number in range(MANY):
            put_rows(warehouse, "vocab", f"{number}", {slice_of(kind, number): ROWS})
            if number + 1 in (FEW, MANY):
                by_count[number + 1] = acts(warehouse, kind, number)
                say(f"{kind}, {number + 1} commits: {by_count[number + 1]}")
    return {act: (by_count[FEW][act], by_count[MANY][act]) for act in by_count[FEW]}


def slice_of(kind: str, number: int) -> Slice:
    return Slice((date(2020, 1, 1) + timedelta(number if kind == "days" else number % 28)).isoformat())


def acts(warehouse: Warehouse, kind: str, number: int) -> dict[str, float]:
    newest = slice_of(kind, number)

    def write(attempt: int) -> None:
        base = warehouse.open("vocab")
        staged = stage_rows(base, f"{number}-{attempt}", {newest: ROWS})
        started = time.perf_counter()
        commit(staged, base)
        seconds.append(time.perf_counter() - started)

    seconds: list[float] = []
    for attempt in range(REPEATS):
        write(attempt)
    return {
        "open": median_of(lambda: warehouse.open("vocab")),
        "what a day was made from": median_of(lambda: warehouse.open("vocab").made_from(newest)),
        "files of a day": median_of(lambda: warehouse.files("vocab", day=newest.day)),
        "commit": round(1000 * statistics.median(seconds), 2),
    }


def median_of(act: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - started)
    return round(1000 * statistics.median(seconds), 2)


if __name__ == "__main__":
    main()
