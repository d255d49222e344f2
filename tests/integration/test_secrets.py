"""Secrets planted wherever a deployment can have one are in nothing that a run prints or leaves, however it ends."""

import os
import subprocess
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest
import yaml

from interest_spark import steps
from interest_spark.config.deployment import Config
from interest_spark.foundation.dates import parse_day
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import settings_of
from interest_spark.pipeline.step import Step
from interest_spark.steps.attributes import ITEMS
from tests.command_lines import command_lines_below
from tests.log_files import deliver, event

SECRET = "PlantedS3cretValue"
ROOT = Path(__file__).parents[2]
DAY = "2026-01-02"
RANKS = 2 if find_spec("horovod") else 1


class Deployment:
    """A shop whose every secret is SECRET, and what its runs could be seen to do."""

    def __init__(self, root: Path) -> None:
        self.root = root
        visits = [
            event(user_id=f"u{user}", item_id=f"i{hour % 3}", event_time=f"{DAY}T{hour:02}:00:00Z")
            for user in range(6)
            for hour in range(8)
        ]
        deliver(root, DAY, [*visits, "broken"])
        for name in ("tmp", "scratch", "etc"):
            (root / name).mkdir()
        self.config = root / "etc" / "shop.yaml"
        self.config.touch(mode=0o600)
        self.config.write_text(yaml.safe_dump(self.document()), encoding="utf-8")
        self.commands: set[str] = set()
        self.printed = ""

    def document(self) -> dict[str, object]:
        return {
            "warehouse": str(self.root / "warehouse"),
            "spark": {
                "shuffle_partitions": 2,
                "conf": {
                    "spark.hadoop.fs.s3a.secret.key": SECRET,
                    "spark.hadoop.fs.s3a.session.token": SECRET,
                    "spark.hadoop.of.no.telling.name": SECRET,
                    "spark.authenticate.secret": SECRET,
                    "spark.executorEnv.API_TOKEN": SECRET,
                    "spark.local.dir": str(self.root / "scratch"),
                },
            },
            "sources": {
                "events": {"path": f"{self.root}/raw/events/dt={{day}}/*"},
                "items": {"path": f"memory://joe:{SECRET}@store/dt={{day}}/*?sig={SECRET}"},
            },
            "ingest": {"max_bad_share": 1.0},
            "blocks": {"tokens": 8},
            "train": {"ranks": RANKS, "epochs": 1, "batch_blocks": 2, "network": {"dim": 8, "feed_forward": 8}},
            "score": {"k": 2, "exclude_seen": False},
        }

    def run(self, *arguments: str, code: int) -> None:
        """Run a job, which must leave with `code`, and note what it prints and what its processes are started with."""
        environment = {
            **os.environ,
            "TMPDIR": str(self.root / "tmp"),
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "DATABASE_URL": f"jdbc://joe:{SECRET}@host/x",
        }
        command = [sys.executable, "-m", "jobs.cli", *arguments, "--config", str(self.config)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(process.pid, over))
        watch.start()
        output, _ = process.communicate(timeout=300)
        over.set()
        watch.join()
        self.printed += output
        assert process.returncode == code, output[-3000:]

    def _watch(self, pid: int, over: threading.Event) -> None:
        while not over.wait(0.1):
            self.commands.update(command_lines_below(pid))

    def files_with_secret(self) -> list[str]:
        files = [path for path in self.root.rglob("*") if path.is_file() and path != self.config]
        assert len(files) > 20
        return [str(path) for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.slow
def test_nothing_that_a_run_prints_or_leaves_holds_a_secret(tmp_path: Path) -> None:
    shop = Deployment(tmp_path)
    on_day = ("--day", DAY)
    shop.run("ingest", *on_day, code=0)
    shop.run("sequences", *on_day, code=0)
    shop.run("train", *on_day, code=0)
    shop.run("score", *on_day, code=0)
    shop.run("train", *on_day, "--force", "--set", "train.optimizer.learning_rate=1e38", code=3)
    shop.run("plan", *on_day, "--set", "bots.enabled=false", code=0)
    shop.run("show", "events", *on_day, code=0)
    shop.run("show", "events", *on_day, "--user", "nobody", code=2)
    shop.run("ingest", "--day", "2026-01-03", code=3)
    shop.run("ingest", *on_day, "--set", "train.patience=3", code=2)
    shop.run("ingest", *on_day, "--set", "trian.epochs=3", code=2)
    shop.run("ingest", *on_day, "--force", "--set", "spark.conf={spark.executor.memory: many}", code=2)
    away = f"sources.events.path=unknown://joe:{SECRET}@store/x?token={SECRET}"
    shop.run("ingest", *on_day, "--set", away, code=2)
    shop.run("ingest", *on_day, "--set", f"warehouse=s3://joe:{SECRET}@bucket/w", code=2)
    assert SECRET not in shop.printed
    assert shop.files_with_secret() == []
    assert list((tmp_path / "warehouse" / "bundles").glob("*/*"))
    assert any("SparkSubmit" in each for each in shop.commands)
    assert any("rank_main" in each for each in shop.commands)
    assert not [each for each in shop.commands if SECRET in each]


@pytest.mark.slow
def test_neither_does_the_doctor(tmp_path: Path) -> None:
    shop = Deployment(tmp_path)
    shop.run("doctor", code=0)
    assert "spark writes tables" in shop.printed
    assert SECRET not in shop.printed and not [each for each in shop.commands if SECRET in each]


def test_no_step_records_settings_of_spark() -> None:
    modules = [import_module(f"interest_spark.steps.{each.name}") for each in iter_modules(steps.__path__)]
    found = {each.name: each.settings for module in modules for each in vars(module).values() if isinstance(each, Step)}
    assert len(found) >= 15
    assert not [name for name, settings in found.items() if any(key.startswith("spark") for key in settings)]


def test_a_record_holds_addresses_without_their_credentials(tmp_path: Path) -> None:
    context = RunContext(Config.model_validate(Deployment(tmp_path).document()), parse_day(DAY))
    settings = settings_of(ITEMS, context)
    assert settings["sources.items.path"] == "memory://***@store/dt={day}/*?sig=***"
