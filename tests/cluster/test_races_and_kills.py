"""In a folder, in S3 and in HDFS: of rivals one wins and all others know; who is killed in a commit harms nobody."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from interest_spark.foundation.errors import EXIT_BUSY, EXIT_OK
from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.warehouse import Warehouse
from tests.checkout import ROOT
from tests.committing_writer import DAYS, TABLE
from tests.racing_writers import Writers
from tests.small_tables import put_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WRITERS, KILLS, READS, READERS = 6, 20, 1000, 3


def rounds_in(store: Location) -> int:
    """A commit in HDFS takes a second."""
    return 3 if isinstance(store, Url) and store.text.startswith("hdfs") else 20


def test_of_six_for_one_day_one_wins(store: Location, tmp_path: Path) -> None:
    rounds = rounds_in(store)
    codes = Writers(store / "w", "day", WRITERS, rounds, tmp_path / "barrier").exit_codes_by_round(timeout=600)
    assert [sorted(each) for each in codes] == [[EXIT_OK, *[EXIT_BUSY] * (WRITERS - 1)]] * rounds
    assert Warehouse(store / "w").version(TABLE) == rounds - 1
    (row,) = Warehouse(store / "w").read_small(TABLE).to_pylist()
    assert (row["item_id"], codes[-1][row["rank"]]) == (str(rounds - 1), EXIT_OK)


def test_six_for_six_days_are_six_commits(store: Location, tmp_path: Path) -> None:
    rounds = rounds_in(store)
    codes = Writers(store / "w", "days", WRITERS, rounds, tmp_path / "barrier").exit_codes_by_round(timeout=600)
    assert codes == [[EXIT_OK] * WRITERS] * rounds
    assert Warehouse(store / "w").version(TABLE) == WRITERS * rounds - 1
    assert Warehouse(store / "w").read_small(TABLE)["item_id"].to_pylist() == [str(rounds - 1)] * WRITERS


class Readers:
    """Threads that read both days of the newest version, all the time; `faults` is what they should not have seen."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.reads, self.faults = 0, list[str]()
        self._warehouse, self._over = warehouse, threading.Event()
        self._threads = [threading.Thread(target=self._read_on, daemon=True) for _ in range(READERS)]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(timeout=120)

    def _read_on(self) -> None:
        while not self._over.is_set():
            try:
                table = self._warehouse.open(TABLE)
                seen = [table.read_small(day=day.day)["item_id"].to_pylist() for day in DAYS]
            except Exception as error:  # any error at all is what the test is about
                self.faults.append(repr(error))
                continue
            if len(seen[0]) != 1 or seen[0] != seen[1]:
                self.faults.append(f"mixed: {seen}")
            self.reads += 1


def start_writer(root: Location, name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.committing_writer", str(root), name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def line(output: IO[str] | None, expected: str) -> None:
    assert output is not None
    assert output.readline().strip() == expected


def seconds_of_a_commit(root: Location) -> float:
    with start_writer(root, "timed") as writer:
        for _ in range(2):  # the second one is not the process's first
            line(writer.stdout, "commit")
            started = time.monotonic()
            line(writer.stdout, "done")
            took = time.monotonic() - started
        writer.kill()
    return took


def test_killed_while_it_commits(store: Location) -> None:
    chance, root = random.Random(3), store / "w"
    warehouse = Warehouse(root)
    put_rows(warehouse, TABLE, "first", {day: [{"item_id": "first", "rank": 0}] for day in DAYS})
    typical = seconds_of_a_commit(root)
    readers, unfinished = Readers(warehouse), 0
    with readers.at_work():
        for number in range(KILLS):
            with start_writer(root, f"k{number}") as writer:
                line(writer.stdout, "commit")
                time.sleep(chance.uniform(0, typical))
                os.kill(writer.pid, signal.SIGKILL)
                assert writer.stdout is not None
                unfinished += "done" not in writer.stdout.read()
        deadline = time.monotonic() + 300
        while readers.reads < READS and time.monotonic() < deadline:
            time.sleep(0.1)
    assert readers.faults == []
    assert readers.reads >= READS
    assert unfinished > KILLS // 4  # they were killed inside of a commit, not after it
    put_rows(warehouse, TABLE, "last", {day: [{"item_id": "last", "rank": 0}] for day in DAYS})
    assert warehouse.read_small(TABLE)["item_id"].to_pylist() == ["last"] * len(DAYS)
