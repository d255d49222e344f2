"""The `make dist` artefacts, run from an empty folder as a node without the source tree would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interest_spark.platform.distribution import build_code
from interest_spark.platform.java import ensure_java

SUBMIT_SECONDS = 240


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `make dist` fills."""
    target = tmp_path_factory.mktemp("artefacts") / "dist"
    build_code(target)
    return target


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without any way to the source tree."""
    kept = {
        name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("PYSPARK_")
    }
    return {**kept, "PYSPARK_PYTHON": sys.executable, "TF_CPP_MIN_LOG_LEVEL": "3", **more}


def submit(dist: Path, cwd: Path, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """spark-submit as README shows it; pyspark's wheel brings the command."""
    ensure_java()
    archive = next(dist.glob("interest_spark-*.zip"))
    command = [str(Path(sys.executable).with_name("spark-submit")), "--master", "local[1]", "--py-files", str(archive)]
    return subprocess.run(
        [*command, "--conf", "spark.ui.enabled=false", str(script), *arguments],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SUBMIT_SECONDS,
        check=False,
    )


def test_every_job_starts_from_the_zip_alone(dist: Path, tmp_path: Path) -> None:
    archive = next(dist.glob("*.zip"))
    scripts = sorted((dist / "jobs").glob("*.py"))
    assert {"ingest.py", "score.py", "doctor.py"} <= {script.name for script in scripts}
    for script in scripts:
        ran = subprocess.run(
            [sys.executable, script, "-h"],
            cwd=tmp_path,
            env=clean_environment(PYTHONPATH=str(archive)),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, (script.name, ran.stderr)
        assert ran.stdout.startswith("Usage:"), script.name
    assert list(tmp_path.iterdir()) == []


def test_spark_submit_takes_the_code_from_the_zip(dist: Path, tmp_path: Path) -> None:
    script = tmp_path / "where.py"
    script.write_text(
        "import interest_spark, jobs.doctor\nprint(interest_spark.__file__)\nprint(jobs.doctor.__file__)\n"
    )
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = submit(dist, empty, script)
    assert ran.returncode == 0, ran.stderr
    archive = str(next(dist.glob("*.zip")).name)
    assert [archive in line for line in ran.stdout.splitlines()] == [True, True]


@pytest.mark.slow
def test_the_doctor_runs_under_spark_submit_with_workers_that_import_the_zip(dist: Path, tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text(f"warehouse: {tmp_path}/warehouse\nsources: {{events: {{path: x}}}}\n")
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = submit(dist, empty, dist / "jobs" / "doctor.py", "--config", str(config))
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout.strip().splitlines()[-1])
    found = {finding["part"]: finding["status"] for finding in report["findings"]}
    assert found["spark writes tables"] == "ok"
    assert found["petastorm reads"] == "ok"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "shop.yaml"]
