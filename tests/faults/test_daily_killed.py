"""The daily run killed at random moments and started again: the same content, and never a partial day in sight."""

import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import psutil
import pytest
import yaml

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.bundles import read_bundle
from interest_spark.storage.warehouse import Warehouse
from tests.command_lines import command_lines
from tests.warehouse_contents import contents

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]
ROOT = Path(__file__).parents[2]
FIRST_DAILY = date(2026, 1, 3)  # it looks back on a day that served nothing; those after it judge what was served
RUN_SECONDS = 900


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    generate_shop(ShopPlan(users=60, items=40, days=30, seed=11), tmp_path / "shop")
    return tmp_path


def configure(shop: Path, name: str) -> Path:
    config = yaml.safe_load((ROOT / "conf" / "shop.yaml").read_text(encoding="utf-8"))
    config["warehouse"] = str(shop / name)
    config["sources"]["root"] = str(shop / "shop")
    config["spark"] = {"shuffle_partitions": 2}
    config["blocks"] = {"tokens": 50, "files": 2}
    config["evaluate"] = {"horizon_days": 1}
    config["train"] = {"ranks": 2, "epochs": 1, "batch_blocks": 4, "network": {"dim": 16, "feed_forward": 16}}
    path = shop / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def start_daily(config: Path, day: date, log: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "jobs.daily", "--config", str(config), "--day", day.isoformat()]
    with log.open("ab") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)


def run_daily(config: Path, day: date, log: Path) -> None:
    """The run to its end, undisturbed."""
    assert start_daily(config, day, log).wait(timeout=RUN_SECONDS) == 0, log.read_text(encoding="utf-8")[-5000:]


class Poller(threading.Thread):
    """A reader that looks at every committed day all the time and remembers what it saw."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(daemon=True)
        self.seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.errors: list[str] = []
        self.sizes: list[int] = []  # slices there were, poll by poll
        self._warehouse, self._over = warehouse, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.75):  # a look costs a quarter of a second of the run that it looks at
            try:
                looked_at = contents(self._warehouse)
                for key, found in looked_at.items():
                    self.seen[key].add(found)
                self.sizes.append(len(looked_at))
            except Exception as error:  # any error at all is what the test is about
                self.errors.append(repr(error))

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=120)


def kill(process: "subprocess.Popen[bytes]", seconds: int = 120) -> None:
    """SIGKILL the driver alone; all that it had started, ranks included, must end by itself."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=seconds)
    left = [command[:200] for command in command_lines(alive)]
    for child in alive:
        child.kill()
    assert left == [], f"still there {seconds} s after the driver was killed"


@pytest.mark.parametrize("times", [3, pytest.param(10, marks=pytest.mark.release)])
def test_kills_change_nothing_and_nobody_sees_a_partial_day(shop: Path, times: int) -> None:
    chance = random.Random(20260109)
    killed, undisturbed = Warehouse(shop / "killed"), Warehouse(shop / "undisturbed")
    config, day, kills, log = configure(shop, "killed"), FIRST_DAILY, 0, shop / "killed.log"
    started = time.monotonic()
    run_daily(configure(shop, "undisturbed"), FIRST_DAILY, shop / "undisturbed.log")
    typical = time.monotonic() - started  # what is committed is skipped, so half a run's time reaches all of it
    poller = Poller(killed)
    poller.start()
    while kills < times:
        process = start_daily(config, day, log)
        try:
            process.wait(timeout=chance.uniform(0.1, 0.5) * typical)
            assert process.returncode == 0, log.read_text(encoding="utf-8")[-5000:]
            day += timedelta(days=1)
        except subprocess.TimeoutExpired:
            kill(process)
            kills += 1
    days = [FIRST_DAILY + timedelta(days=number) for number in range((day - FIRST_DAILY).days + 1)]
    run_daily(config, day, log)
    poller.stop()

    for day in days[1:]:
        run_daily(configure(shop, "undisturbed"), day, shop / "undisturbed.log")
    expected = contents(undisturbed)
    assert contents(killed) == expected
    assert poller.errors == []
    # It looked on all the while: at nothing yet, at days in the making, and at the end.
    assert len(poller.sizes) > times
    assert len(set(poller.sizes)) > times, poller.sizes
    assert poller.sizes == sorted(poller.sizes)  # what was committed once never vanishes
    assert poller.sizes[0] < len(expected) // 2
    assert {key: found for key, found in poller.seen.items() if found != {expected[key]}} == {}
    assert {"recommendations", "user_vectors", "metrics"} <= {table for table, _, _ in expected}
    for row, other in zip(models(killed), models(undisturbed), strict=True):
        first = read_bundle(killed.root / row["path"], row["manifest_sha256"])
        second = read_bundle(undisturbed.root / other["path"], other["manifest_sha256"])
        assert first.weights.keys() == second.weights.keys()
        assert all((first.weights[name] == second.weights[name]).all() for name in first.weights)


def models(warehouse: Warehouse) -> list[dict[str, str]]:
    return sorted(warehouse.read_small("models").to_pylist(), key=lambda row: row["trained_through"])
