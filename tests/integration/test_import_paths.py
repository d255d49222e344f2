"""No process of a run takes a module from the folder that it is started in: whoever can write there runs nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from interest_spark.foundation.imports import protect_imports
from interest_spark.platform.java import ensure_java
from tests.log_files import deliver, event, shop_config, write_config

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DAY = "2026-01-02"
STANDARD = "abc bisect calendar csv decimal hashlib heapq json pickle queue random re signal socket struct tempfile"
INSTALLED = "click cloudpickle horovod numpy pandas petastorm polars psutil pyarrow pydantic pyspark tensorflow yaml"
OURS = "interest_spark jobs"
PLANTED = """
import os
os.close(os.open({marker!r}, os.O_CREAT | os.O_WRONLY))
"""
RANKS = """
import sys
from pathlib import Path
from interest_spark.config.spark import SparkConfig
from interest_spark.models.launch.launch import launch
from interest_spark.platform.session import start_session
from tests.unit.models.worlds import make_plan, random_histories
spark = start_session(SparkConfig(master="local[2]"), "ranks")
spark.range(2).mapInArrow(lambda batches: batches, "id long").collect()
for launcher, ranks in (("local", 1), ("horovodrun", 2), ("spark", 2)):
    folder = Path(sys.argv[1]) / launcher
    plan = make_plan(folder, random_histories(60, 40, 15), 10, launcher=launcher, ranks=ranks, epochs=1, max_steps=1)
    print("steps", launch(plan, spark).steps)
"""


def plant(folder: Path, names: str) -> Path:
    """A folder of modules that leave a mark when they are imported; returns the folder of marks."""
    marks = folder.with_name("marks")
    for each in (folder, marks):
        each.mkdir()
    for name in names.split():
        (folder / f"{name}.py").write_text(PLANTED.format(marker=str(marks / name)))
    return marks


def run(command: list[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable}
    environment.pop("PYTHONSAFEPATH", None)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=500, check=False)


def marked(marks: Path) -> list[str]:
    return sorted(path.name for path in marks.iterdir())


def test_planted_modules_leave_their_mark_where_nothing_is_done_against_it(tmp_path: Path) -> None:
    marks = plant(tmp_path / "here", STANDARD)
    assert run([sys.executable, "-c", "import csv"], tmp_path / "here").returncode == 0
    assert "csv" in marked(marks)


@pytest.mark.parametrize("way", ["interest", "python -m", "spark-submit"])
def test_a_job_with_python_workers_takes_nothing_from_the_current_folder(tmp_path: Path, way: str) -> None:
    # With `-m` it is Python itself that looks for the jobs in the current folder.
    marks = plant(tmp_path / "here", f"{STANDARD} {INSTALLED}{'' if way == 'python -m' else f' {OURS}'}")
    deliver(tmp_path, DAY, [event()])
    config = write_config(tmp_path / "shop.yaml", shop_config(tmp_path))
    ensure_java()
    starts = {
        "interest": [str(Path(sys.executable).with_name("interest")), "ingest"],
        "python -m": [sys.executable, "-m", "jobs.cli", "ingest"],
        "spark-submit": [str(Path(sys.executable).with_name("spark-submit")), "--master", "local[1]", "--py-files"],
    }
    command = starts[way]
    if way == "spark-submit":
        command = [*command, str(ROOT / "setup.py"), str(ROOT / "jobs" / "ingest.py")]
    done = run([*command, "--config", str(config), "--day", DAY], tmp_path / "here")
    assert done.returncode == 0, done.stderr[-3000:]
    assert marked(marks) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Horovod is built on Linux")
def test_ranks_of_every_launcher_take_nothing_from_the_current_folder(tmp_path: Path) -> None:
    pytest.importorskip("horovod", reason="Horovod is not installed")
    marks = plant(tmp_path / "here", f"{STANDARD} {INSTALLED} {OURS}")
    script = tmp_path / "ranks.py"
    script.write_text(RANKS)
    done = run([sys.executable, "-P", str(script), str(tmp_path / "plans")], tmp_path / "here")
    assert done.returncode == 0, done.stderr[-3000:]
    assert [line for line in done.stdout.splitlines() if line.startswith("steps")] == ["steps 1"] * 3
    assert marked(marks) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("", ""),
        (":", ""),
        ("::", ""),
        (":/a", "/a"),
        ("/a:", "/a"),
        ("/a::/b", "/a:/b"),
        ("/a:/b", "/a:/b"),
        (":/a:/b c:", "/a:/b c"),
        ("src", "src"),
        (".:/a", ".:/a"),
    ],
)
def test_no_entry_of_pythonpath_stands_for_the_current_folder_unsaid(
    monkeypatch: pytest.MonkeyPatch, given: str, kept: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", given)
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    protect_imports()
    assert os.environ["PYTHONPATH"] == kept
    assert os.environ["PYTHONSAFEPATH"] == "1"
