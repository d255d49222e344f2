"""A real Airflow on the loopback interface: its database, scheduler, DAG processor and API server."""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.readme import ROOT

AIRFLOW = ROOT / ".venv-airflow" / "bin" / "airflow"
MISSING = f"{AIRFLOW} is missing; run `make airflow`"
_START_SECONDS = 240
_COMPONENTS = (("api-server",), ("scheduler", "--skip-serve-logs"), ("dag-processor",))


@dataclass(frozen=True)
class Airflow:
    """Commands and questions for the running Airflow."""

    url: str
    environment: dict[str, str]
    folder: Path

    def command(self, *arguments: str) -> str:
        """What `airflow …` prints."""
        done = subprocess.run(
            [str(AIRFLOW), *arguments], env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, f"airflow {arguments}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def get(self, path: str) -> Any:
        """The answer of the API."""
        return _json(f"{self.url}/api/v2/{path}", self._token())

    def runs(self, dag: str) -> dict[str, Mapping[str, Any]]:
        """The runs of a DAG by their id, in the order of their intervals."""
        found = self.get(f"dags/{dag}/dagRuns?order_by=logical_date&limit=100")["dag_runs"]
        return {run["dag_run_id"]: run for run in found}

    def tasks(self, dag: str, run_id: str) -> dict[str, Mapping[str, Any]]:
        """The task instances of a run by task."""
        quoted = urllib.request.quote(run_id)
        found = self.get(f"dags/{dag}/dagRuns/{quoted}/taskInstances?limit=100")["task_instances"]
        return {each["task_id"]: each for each in found}

    def log(self, dag: str, task: str, attempt: int) -> str:
        """What the newest run's attempt at a task has logged."""
        files = self.folder.glob(f"logs/dag_id={dag}/run_id=*/task_id={task}/attempt={attempt}.log")
        newest = max(files, key=lambda file: file.stat().st_mtime)
        return newest.read_text(encoding="utf-8")

    def wait_for_runs(self, dag: str, count: int, timeout: float, states: tuple[str, ...] = ("success",)) -> list[str]:
        """The ids of the DAG's runs once `count` are in one of the states. AssertionError where one ends otherwise."""
        found = wait_until(lambda: self._ended(dag, count, states), timeout, f"{count} runs of {dag}")
        return list(found)

    def _ended(self, dag: str, count: int, states: tuple[str, ...]) -> dict[str, Any] | None:
        runs = self.runs(dag)
        wrong = [run for run in runs.values() if run["state"] in ("success", "failed") and run["state"] not in states]
        assert not wrong, f"{wrong}\n{[self.tasks(dag, run['dag_run_id']) for run in wrong]}"
        ended = {key: run for key, run in runs.items() if run["state"] in states}
        return ended if len(ended) == count == len(runs) else None

    def _token(self) -> str:
        token: str = _json(f"{self.url}/auth/token")["access_token"]
        return token


def wait_until(condition: Any, timeout: float, what: str) -> Any:
    """What the condition gives as soon as it is true."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(1)
    raise TimeoutError(f"no {what} after {timeout:.0f} s")


@contextmanager
def running_airflow(folder: Path, dags: Path, environment: Mapping[str, str]) -> Iterator[Airflow]:
    """Start Airflow with its files in `folder`; stop exactly its processes, and what they started, afterwards."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "2",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "15",
        "LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
    }
    own = {f"AIRFLOW__{key}": value for key, value in settings.items()}
    own |= {"AIRFLOW_HOME": str(folder), "PATH": f"{AIRFLOW.parent}{os.pathsep}{environment['PATH']}"}
    airflow = Airflow(url, {**environment, **own}, folder)
    airflow.command("db", "migrate")
    started: list[subprocess.Popen[bytes]] = []
    try:
        for component in _COMPONENTS:
            with (folder / f"{component[0]}.log").open("wb") as log:
                command = [str(AIRFLOW), *component]
                # A session of its own: what a component forks, and what its tasks start, is stopped with it.
                started.append(
                    subprocess.Popen(command, env=airflow.environment, stdout=log, stderr=log, start_new_session=True)
                )
        wait_until(lambda: _is_healthy(url), _START_SECONDS, f"healthy Airflow, see {folder}/*.log")
        yield airflow
    finally:
        for process in reversed(started):
            _stop(process)


def _is_healthy(url: str) -> bool:
    try:
        health = _json(f"{url}/api/v2/monitor/health")
    except (OSError, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def _json(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return json.load(answer)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
