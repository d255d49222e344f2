"""The command line: what is wrong is said in one line with the exit code of its kind, and never as a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.log_files import deliver, event, shop_config, write_config

ROOT = Path(__file__).parents[2]


def interest(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "jobs.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def config(tmp_path: Path) -> str:
    return str(write_config(tmp_path / "shop.yaml", shop_config(tmp_path)))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ingset", "--day", "2026-01-02"], 2, ["ingset", "ingest"]),
        (["ingest", "--day", "2026-01-02"], 2, ["--config"]),
        (["ingest", "--config", "CONFIG"], 2, ["--day"]),
        (["ingest", "--config", "CONFIG", "--day", "02.01.2026"], 2, ["02.01.2026", "YYYY-MM-DD"]),
        (["ingest", "--config", "nowhere.yaml", "--day", "2026-01-02"], 2, ["nowhere.yaml"]),
        (["ingest", "--config", "CONFIG", "--day", "2026-01-02", "--set", "ingest.max_bad=1"], 2, ["max_bad_share"]),
        (["ingest", "--config", "CONFIG", "--day", "2026-01-02"], 3, ["no raw files match", "sources.events.path"]),
        (["train", "--config", "CONFIG", "--day", "2026-01-02"], 2, ["interest sequences --day 2026-01-02"]),
        (
            ["backfill", "--config", "CONFIG", "--day", "2026-01-02", "--from", "2026-01-03"],
            2,
            ["2026-01-03", "--from"],
        ),
    ],
)
def test_mistakes(config: str, arguments: list[str], code: int, words: list[str]) -> None:
    done = interest(*(config if argument == "CONFIG" else argument for argument in arguments))
    assert done.returncode == code, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_last_line_is_one_json_object(tmp_path: Path, config: str) -> None:
    deliver(tmp_path, "2026-01-02", [event(), "broken"])
    done = interest("ingest", "--config", config, "--day", "2026-01-02")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["rows"].pop("gates") > 0
    assert report["rows"] == {"quarantine": 1, "ingest_ledger": 1, "events": 1}
    assert report["versions"] == {"quarantine": 0, "ingest_ledger": 0, "events": 0, "gates": 0}
    assert (report["job"], report["day"], report["status"]) == ("ingest", "2026-01-02", "done")
    assert report["seconds"] > 0
    assert report["run_id"]


def test_a_backfill_reports_what_it_has_not_made_and_leaves_with_the_code_of_a_failure(
    tmp_path: Path, config: str
) -> None:
    deliver(tmp_path, "2026-01-01", [event(event_time="2026-01-01T10:00:00Z")])
    deliver(tmp_path, "2026-01-02", ["broken"])
    arguments = ("--from", "2026-01-01", "--day", "2026-01-02", "--steps", "ingest", "--set", "ingest.max_bad_share=0")
    done = interest("backfill", "--config", config, *arguments)
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["status"] == "failed"
    assert report["days"] == {"2026-01-01": "done", "2026-01-02": "failed"}
    not_made = [(each["day"], each["step"]) for each in report["not_made"]]
    assert not_made == [("2026-01-02", "events"), ("2026-01-02", "ingest_gate")]
    assert "first events of 2026-01-02" in done.stderr.splitlines()[-1]
