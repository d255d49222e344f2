"""A run that is killed and started again ends with the weights of a run that nobody disturbed, bit by bit."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from interest_spark.foundation.errors import EXIT_BUSY
from interest_spark.models.training.plan import CURVE, TrainPlan
from interest_spark.storage.bundles import read_bundle
from tests.unit.models.worlds import make_plan, random_histories

psutil = pytest.importorskip("psutil")
pytest.importorskip("horovod", reason="Horovod is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
NETWORK = {"dim": 48, "layers": 2, "heads": 2, "feed_forward": 96, "dropout": 0.2}
DRIVER = """
import sys
from pathlib import Path
from interest_spark.foundation.errors import InterestError
from interest_spark.models.launch.launch import launch
from interest_spark.models.training.plan import TrainPlan

plan = TrainPlan.model_validate_json(Path(sys.argv[1]).read_text())
try:
    launch(plan)
except InterestError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def long_plan(folder: Path, users: int = 400, tokens: int = 20, **train: Any) -> TrainPlan:
    """Some two hundred steps with everything on that a checkpoint has to hold."""
    optimizer = {"warmup_steps": 20, "schedule": "cosine", "clip_norm": 1.0}
    run = {"launcher": "horovodrun", "ranks": 2, "epochs": 8, "checkpoint_steps": 9}
    settings = {"network": NETWORK, "optimizer": optimizer, **run, **train}
    return make_plan(folder, random_histories(users, 80, 30), tokens, row_group=60, held_out=True, **settings)


def start(plan: TrainPlan) -> "subprocess.Popen[bytes]":
    """The run in a process of its own, as a job would start it; its output goes to a file beside the plan."""
    plan.work.mkdir(parents=True, exist_ok=True)
    file = plan.bundle.with_name("plan.json")
    file.write_text(plan.model_dump_json())
    with plan.bundle.with_name("log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-c", DRIVER, str(file)], cwd=ROOT, stdout=log, stderr=log)


def finish(plan: TrainPlan) -> dict[str, np.ndarray]:
    assert start(plan).wait(timeout=600) == 0, plan.bundle.with_name("log").read_text()[-3000:]
    return dict(read_bundle(plan.bundle).weights)


def last_step(plan: TrainPlan) -> int:
    text = plan.curve.read_text() if plan.curve.exists() else ""
    lines = text[: text.rfind("\n") + 1].splitlines()  # the last one may be in the making
    return int(json.loads(lines[-1])["step"]) if lines else 0


def curve(bundle: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (bundle / CURVE).read_text().splitlines()]


def kill_all(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL the driver and everything below it at once."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.kill()
    process.wait()
    psutil.wait_procs(family, timeout=60)


def wait_for_step(plan: TrainPlan, step: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 300
    while last_step(plan) < step:
        assert process.poll() is None, f"it ended at step {last_step(plan)}, before step {step}"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def equal(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all(first[name].tobytes() == second[name].tobytes() for name in first)


@pytest.mark.parametrize("kills", [2, pytest.param(5, marks=pytest.mark.release)])
def test_killed_at_random_steps_it_gives_the_same_weights(tmp_path: Path, kills: int) -> None:
    undisturbed = long_plan(tmp_path / "undisturbed")
    expected = finish(undisturbed)
    plan = long_plan(tmp_path / "killed")
    lines = curve(undisturbed.bundle)
    chance = random.Random(4)
    for step in sorted(chance.sample(range(5, lines[-1]["step"] - 5), kills)):
        process = start(plan)
        wait_for_step(plan, step, process)
        kill_all(process)
        plan.curve.unlink()
    assert equal(finish(plan), expected)

    def figures(line: dict[str, float]) -> dict[str, float]:
        return {name: value for name, value in line.items() if name != "seconds"}

    assert [figures(line) for line in curve(plan.bundle)] == [figures(line) for line in lines]


def test_told_to_stop_it_writes_a_checkpoint_and_one_rank_goes_on_from_there(tmp_path: Path) -> None:
    # Sums over ranks are rounded in another order, and Adam makes more of it with every step: 50 steps, no dropout.
    # Blocks are long, so that these steps last longer than it takes to tell the ranks to stop.
    short: dict[str, Any] = {
        "max_steps": 50,
        "users": 2000,
        "tokens": 120,
        "batch_blocks": 64,
        "network": {**NETWORK, "dropout": 0.0},
    }
    finish(long_plan(tmp_path / "one", ranks=1, launcher="local", **short))
    plan = long_plan(tmp_path / "two", checkpoint_steps=100_000, **short)
    process = start(plan)
    wait_for_step(plan, 5, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) == EXIT_BUSY
    assert "training was stopped after step" in plan.bundle.with_name("log").read_text()
    (written,) = plan.checkpoints.iterdir()
    assert int(written.name.removeprefix("step-")) >= 5
    alone = plan.model_copy(
        update={"train": plan.train.model_copy(update={"ranks": 1, "launcher": "local"}), "work": tmp_path / "again"}
    )
    (tmp_path / "two" / "work" / "candidates").rename(tmp_path / "candidates")
    alone.work.mkdir()
    (tmp_path / "candidates").rename(alone.candidates)
    finish(alone)  # the coverage has counted every block of the interrupted epoch once
    whole, resumed = curve(tmp_path / "one" / "bundle"), curve(plan.bundle)
    assert [(line["step"], line.get("targets")) for line in resumed] == [
        (line["step"], line.get("targets")) for line in whole
    ]
    # Another block in a step changes its loss in the third digit, the ranks' order of summation in the seventh. (The
    # weights themselves drift apart: Adam makes full steps of gradients that are next to nothing but rounding.)
    losses = [[line["loss"] for line in lines if "loss" in line] for lines in (resumed, whole)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
