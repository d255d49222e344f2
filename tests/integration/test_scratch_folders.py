"""What a run writes outside the warehouse is for its own user; a folder that cannot be written is named at once."""

import os
import stat
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click.testing
import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.models.launch.launch import launch
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import run_steps
from interest_spark.steps.nightly import nightly
from jobs.cli import command as interest
from tests.log_files import deliver, event, shop_config, write_config
from tests.unit.models.worlds import make_plan, random_histories

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

DAY = "2026-01-02"
ROOT = Path(__file__).parents[2]
USES_SCRATCH = """
import os, stat, sys
from pathlib import Path
from interest_spark.config.spark import SparkConfig
from interest_spark.platform.session import start_session
os.umask(0o022)
spark = start_session(SparkConfig(master="local[1]", shuffle_partitions=2), "scratch")
known = spark.sparkContext.broadcast(list(range(100_000)))
rows = spark.range(10_000).repartition(3, "id").mapInArrow(lambda batches: batches, "id long")
rows.rdd.map(lambda row: len(known.value)).count()
for name in sys.argv[1:]:
    for path in Path(name).rglob("*"):
        print(oct(stat.S_IMODE(path.lstat().st_mode)), path.parent == Path(name), path.name)
"""


@pytest.fixture(scope="module")
def config(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of a few users, all of whose jobs have run for the day."""
    root = tmp_path_factory.mktemp("shop")
    training = {"epochs": 1, "batch_blocks": 2, "network": {"dim": 8, "feed_forward": 8}}
    shop = shop_config(
        root, blocks={"tokens": 8}, train=training, score={"k": 1, "exclude_seen": False}, evaluate={"k": 1}
    )
    deliver(root, DAY, [event(item_id=item, event_time=f"{DAY}T{n:02}:00:00Z") for n, item in enumerate("abc")])
    run_steps(nightly(RunContext(shop, date.fromisoformat(DAY))))
    return write_config(root / "shop.yaml", shop)


@pytest.mark.parametrize("job", ["ingest", "sequences", "train", "score", "daily", "verify"])
@pytest.mark.parametrize("name", ["TMPDIR", "SPARK_LOCAL_DIRS", "spark.local.dir"])
def test_every_job_ends_with_2_and_names_the_folder_that_it_cannot_write(
    config: Path, tmp_path: Path, job: str, name: str
) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "scratch"
    environment = {key: value for key, value in os.environ.items() if key != "SPARK_LOCAL_DIRS"}
    command = [sys.executable, "-m", "jobs.cli", job, "--config", str(config), "--day", DAY]
    if name == "spark.local.dir":
        command += ["--set", f"spark.conf={{spark.local.dir: {folder}}}"]
    else:
        environment[name] = str(folder)
    if job != "verify":
        command += ["--force"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr[-3000:]
    assert f"error: {name}: no file can be made in {folder}" in done.stderr
    assert f" (Not a directory); set {name}" in done.stderr
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.parametrize("named", ["SPARK_LOCAL_DIRS", "TMPDIR"])
def test_other_users_read_nothing_of_what_spark_spills(tmp_path: Path, named: str) -> None:
    scratch, elsewhere = tmp_path / "scratch", tmp_path / "elsewhere"
    for folder in (scratch, elsewhere):
        folder.mkdir(mode=0o777)
    environment = {key: value for key, value in os.environ.items() if key != "SPARK_LOCAL_DIRS"}
    environment |= {"TMPDIR": str(elsewhere), named: str(scratch)}
    command = [sys.executable, "-c", USES_SCRATCH, str(scratch), str(elsewhere)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert any(name.startswith("shuffle_") for _, _, name in found)  # so they were looked at
    assert {mode for mode, top, _ in found if top == "True"} <= {"0o700", "0o600"}


def test_a_tensorboard_folder_is_for_its_owner_and_one_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    settings = {"epochs": 1, "max_steps": 1}
    plan = make_plan(tmp_path / "one", random_histories(30, 20, 8), 10, tensorboard=str(tmp_path / "logs"), **settings)
    launch(plan)
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
    assert list((tmp_path / "logs").iterdir())
    (tmp_path / "file").write_text("")
    unusable = tmp_path / "file" / "logs"
    plan = make_plan(tmp_path / "two", random_histories(30, 20, 8), 10, tensorboard=str(unusable), **settings)
    with pytest.raises(ConfigError, match=f"train.tensorboard: no file can be made in {unusable}"):
        launch(plan)


def test_the_doctor_without_a_configuration_leaves_nothing_and_names_an_unusable_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file" / "scratch"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    done = click.testing.CliRunner().invoke(interest, ["doctor"])
    assert done.exit_code == 2
    assert f"error: TMPDIR: no file can be made in {tmp_path / 'file' / 'scratch'}" in done.stderr
