"""How a task ends when spark-submit leaves with this or that code; a real Spark is in tests/cluster/test_airflow.py."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from interest_airflow.spark_job import SparkJobOperator

DRIVER = """
import pathlib, signal, sys, time
def stop(*_):
    time.sleep(0.5)
    pathlib.Path("checkpoint").touch()
    sys.exit(75)
signal.signal(signal.SIGTERM, stop)
pathlib.Path("started").touch()
time.sleep(600)
"""
NOISE = "\n".join(f"INFO ShutdownHookManager: {number}" for number in range(50))


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", '{"conn_type": "spark", "host": "local[2]"}')


def operator(folder: Path, code: int, error: str = "") -> SparkJobOperator:
    submit = folder / "spark-submit"
    text = f"{error}\n{NOISE}" if error else NOISE
    submit.write_text(f"#!{sys.executable}\nimport sys\nprint({text!r})\nsys.exit({code})\n", encoding="utf-8")
    submit.chmod(0o755)
    return SparkJobOperator(task_id="ingest", job="ingest", application="daily.py", spark_binary=str(submit))


def end_of(task: SparkJobOperator) -> Any:
    with pytest.raises(AirflowException) as ended:
        task.execute({})
    return ended.value


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize("code", [2, 3])
def test_what_no_retry_mends_fails_at_once_with_the_jobs_error(tmp_path: Path, code: int) -> None:
    failure = end_of(operator(tmp_path, code, "error: day 2026-01-07 holds 9 bad lines of 10"))
    assert isinstance(failure, AirflowFailException)
    assert f"ingest left with exit code {code}" in str(failure)
    assert str(failure).endswith("day 2026-01-07 holds 9 bad lines of 10")


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize("code", [75, 1, 137])
def test_all_else_is_retried(tmp_path: Path, code: int) -> None:
    failure = end_of(operator(tmp_path, code, "error: table events is busy"))
    assert not isinstance(failure, AirflowFailException)
    assert f"exit code {code}" in str(failure) and str(failure).endswith("table events is busy")


@pytest.mark.usefixtures("connection")
def test_success_is_success(tmp_path: Path) -> None:
    operator(tmp_path, 0).execute({})


@pytest.mark.usefixtures("connection")
def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    task = SparkJobOperator(task_id="ingest", job="ingest", application="x.py", spark_binary=str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="none"):
        task.execute({})


@pytest.mark.usefixtures("connection")
def test_a_task_that_is_stopped_lets_the_driver_write_its_checkpoint(tmp_path: Path) -> None:
    driver, submit = tmp_path / "driver.py", tmp_path / "spark-submit"
    driver.write_text(DRIVER, encoding="utf-8")
    submit.write_text(f"#!{sys.executable}\nimport subprocess, sys\n", encoding="utf-8")
    with submit.open("a", encoding="utf-8") as script:
        script.write(f"sys.exit(subprocess.run([sys.executable, {str(driver)!r}], cwd={str(tmp_path)!r}).returncode)\n")
    submit.chmod(0o755)
    task = SparkJobOperator(task_id="train", job="train", application="daily.py", spark_binary=str(submit))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(task.execute, {})
        while not (tmp_path / "started").exists():
            time.sleep(0.05)
        task.on_kill()
        assert isinstance(running.exception(timeout=60), AirflowException)
    assert (tmp_path / "checkpoint").exists()
