"""A tuner killed with all its ranks and started again: what was finished is kept, the rest is as undisturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from tests.tuned_shop import DAY, write_shop

pytestmark = [pytest.mark.release, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
TRIALS = 3


def start(job: str, config: Path, log: Path, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "jobs.cli", job, "--config", str(config), "--day", DAY, *options]
    with log.open("ab") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)


def tune(config: Path, folder: Path, log: Path, count: int = TRIALS) -> "subprocess.Popen[bytes]":
    space = str(config.with_name("space.yaml"))
    options = ("--space", space, "--folder", str(folder), "--trials", str(count))
    return start("tune", config, log, *options, "--set", "train.checkpoint_steps=5")


def await_end(process: "subprocess.Popen[bytes]", log: Path) -> None:
    assert process.wait(timeout=600) == 0, log.read_text(encoding="utf-8")[-3000:]


def trials(folder: Path) -> list[tuple[TrialState, dict[str, Any], list[float]]]:
    study = optuna.load_study(study_name="tune", storage=f"sqlite:///{folder / 'study.db'}")
    return [(trial.state, trial.params, list(trial.intermediate_values.values())) for trial in study.trials]


def wait_for_the_second_trial(folder: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until its ranks have begun to learn."""
    deadline = time.monotonic() + 300
    while True:
        assert process.poll() is None and time.monotonic() < deadline, log.read_text(encoding="utf-8")[-3000:]
        begun = log.read_text(encoding="utf-8").count('"event": "trial started"')
        if begun == 2 and any("loss" in curve.read_text() for curve in folder.glob(".trial-*.work/curve.jsonl")):
            return
        time.sleep(0.02)


def test_killed_in_the_middle_it_keeps_its_trials_and_completes_the_rest(tmp_path: Path) -> None:
    config, log = write_shop(tmp_path), tmp_path / "log"
    log.touch()
    await_end(start("ingest", config, log), log)
    folder = tmp_path / "killed"
    process = tune(config, folder, log)
    wait_for_the_second_trial(folder, process, log)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = trials(folder)
    assert [state for state, _, _ in before] == [TrialState.COMPLETE, TrialState.RUNNING]

    await_end(tune(config, folder, log), log)
    after = trials(folder)
    assert after[0] == before[0]
    assert [state for state, _, _ in after] == [TrialState.COMPLETE, TrialState.FAIL, *[TrialState.COMPLETE] * 2]
    assert after[2][1] == before[1][1]  # the trial that was running is run again
    report = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    assert (report["status"], report["tuning"]["trials"]) == ("done", TRIALS)

    await_end(tune(config, tmp_path / "undisturbed", log, count=2), log)
    assert trials(tmp_path / "undisturbed") == [after[0], after[2]]
