"""A generator killed at any moment leaves nothing that looks like a shop, and the rerun gives the same bytes."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from jobs import synth

PLAN = ShopPlan(users=1_500, items=400, days=12)


@pytest.mark.slow
def test_killed_and_run_again(tmp_path: Path) -> None:
    whole = generate_shop(PLAN, tmp_path / "whole")
    sizes = ["--users", str(PLAN.users), "--items", str(PLAN.items), "--days", str(PLAN.days)]
    command = [sys.executable, synth.__file__, *sizes, "--out", str(tmp_path / "killed")]
    env = {"PYTHONPATH": str(Path(synth.__file__).parents[1])}
    for days_written in (1, 4, 9):
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            _wait_for_days(tmp_path / "killed" / ".synth-draft" / "events", days_written, run)
            run.kill()
        assert run.returncode == -9
        assert [path.name for path in (tmp_path / "killed").iterdir()] == [".synth-draft"]
    again = generate_shop(PLAN, tmp_path / "killed")
    assert again.created and again.content_hash == whole.content_hash


def _wait_for_days(folder: Path, days: int, run: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and run.poll() is None:
        with suppress(FileNotFoundError):  # a rerun takes away the draft of the killed run at a moment of its own
            if sum(1 for _ in folder.iterdir()) == days:
                return
        time.sleep(0.001)
    raise AssertionError(f"{days} days were never seen in {folder}")
