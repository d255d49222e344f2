"""`interest synth` from the command line: its last line, and its exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobs import synth


def interest_synth(*options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, synth.__file__, *map(str, options)]
    root = str(Path(synth.__file__).parents[1])
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": root}, timeout=60)


def test_last_line_reports_and_the_second_run_does_nothing(tmp_path: Path) -> None:
    options = (
        "--users",
        20,
        "--items",
        10,
        "--days",
        3,
        "--seed",
        4,
        "--first-day",
        "2024-02-28",
        "--out",
        tmp_path / "s",
    )
    first, second = interest_synth(*options), interest_synth(*options)
    assert first.returncode == second.returncode == 0
    made, found = (json.loads(run.stdout.splitlines()[-1]) for run in (first, second))
    assert (made["status"], found["status"]) == ("done", "nothing_to_do")
    assert made["content_hash"] == found["content_hash"]
    assert made["rows"] == found["rows"] and made["rows"]["users"] == 20
    assert (tmp_path / "s" / "events" / "dt=2024-03-01").is_dir()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--users", 0), "users 0 is below 1"),
        (("--items", -3), "items -3 is below 1"),
        (("--first-day", "2024-02-30"), "'2024-02-30' is not a calendar day"),
        (("--users", "many"), "not a valid integer"),
        (("--day", "2024-02-01"), "No such option"),
    ],
)
def test_bad_options_leave_with_two_and_write_nothing(
    tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    run = interest_synth("--out", tmp_path / "s", *options)
    assert run.returncode == 2
    assert message in run.stderr and "Traceback" not in run.stderr
    assert not (tmp_path / "s").exists()
