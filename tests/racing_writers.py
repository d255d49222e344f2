"""Processes that commit to one table at the same instant, as jobs on several machines would.

`python -m tests.racing_writers ROOT KIND ROUND WRITER BARRIER WRITERS`: waits until all writers stand at the barrier
folder, then commits once. Exit code 0, or 75 for the loser of a race.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from interest_spark.foundation.errors import BusyError
from interest_spark.foundation.locations import Location
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.storage.commit import commit
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.small_tables import stage_rows

ITEMS_A_ROUND = 3


class Writers:
    """A pool of processes, each of which commits once a round."""

    def __init__(self, root: Location, kind: str, count: int, rounds: int, barrier: Path) -> None:
        self._barrier = barrier
        self._barrier.mkdir()
        self._count = count
        command = [sys.executable, "-m", "tests.racing_writers", str(root), kind, str(rounds), str(self._barrier)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        self._processes = [
            subprocess.Popen([*command, str(number), str(count)], env=environment, stdout=subprocess.PIPE, text=True)
            for number in range(count)
        ]

    def exit_codes_by_round(self, timeout: float) -> list[list[int]]:
        """What each writer's process would have left with, round by round."""
        outputs = [process.communicate(timeout=timeout)[0] for process in self._processes]
        return [list(map(int, codes)) for codes in zip(*(output.split() for output in outputs), strict=True)]


def main(root: str, kind: str, rounds: str, barrier: str, number: str, count: str) -> None:
    write = {"items": _number_items, "days": _write_own_day, "day": _write_one_day}[kind]
    for this in range(int(rounds)):
        _meet(Path(barrier), f"{this}", int(number), int(count))
        meet_again = partial(_meet, Path(barrier), f"{this}-staged", int(number), int(count))
        try:
            write(Warehouse(root), this, int(number), meet_again)
            print(0, flush=True)
        except BusyError as error:
            print(error.exit_code, flush=True)


def _number_items(warehouse: Warehouse, this: int, number: int, _: Callable[[], None]) -> None:
    """Give the round's items the next integers, unless they have one: what every writer of the round tries."""
    base = warehouse.open("vocab")
    known = base.read_small()
    wanted = [f"item {this} {place}" for place in range(ITEMS_A_ROUND)]
    new = [item for item in wanted if item not in known["item_id"].to_pylist()]
    first = 1 + max(known["item_index"].to_pylist(), default=FIRST_ITEM_INDEX - 1)
    day = Slice(f"2026-{1 + number:02}-01")
    kept = base.read_small(day=day.day).select(["item_id", "item_index"]).to_pylist()
    rows = [*kept, *({"item_id": item, "item_index": first + place} for place, item in enumerate(new))]
    commit(stage_rows(base, f"{this}-{number}", {day: rows}), base, exclusive=True)


def _write_own_day(warehouse: Warehouse, this: int, number: int, _: Callable[[], None]) -> None:
    _write(warehouse, Slice(f"2026-01-{1 + number:02}"), this, number, lambda: None)


def _write_one_day(warehouse: Warehouse, this: int, number: int, meet_again: Callable[[], None]) -> None:
    """The day of all writers, which all of them have looked at before the first one commits."""
    _write(warehouse, Slice("2026-01-01"), this, number, meet_again)


def _write(warehouse: Warehouse, day: Slice, this: int, number: int, before_commit: Callable[[], None]) -> None:
    base = warehouse.open("popularity")
    staged = stage_rows(base, f"{this}-{number}", {day: [{"item_id": f"{this}", "rank": number}]})
    before_commit()
    commit(staged, base)


def _meet(barrier: Path, this: str, number: int, count: int) -> None:
    (barrier / f"{this}-{number}").touch()
    deadline = time.monotonic() + 120
    while any(not (barrier / f"{this}-{other}").exists() for other in range(count)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"round {this}: a writer is missing")
        time.sleep(0.0005)


if __name__ == "__main__":
    main(*sys.argv[1:])
