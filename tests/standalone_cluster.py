"""A real Spark standalone master with workers on the loopback interface, from pyspark's own scripts."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

from interest_spark.platform.java import ensure_java

START_SECONDS = 120
# On a machine with more processes than cores a JVM may be silent for a minute without being dead.
PATIENCE = "600s"
SPARK_HOME = Path(pyspark.__file__).parent


@dataclass(frozen=True)
class Cluster:
    """Where to submit to, and with what environment."""

    master: str
    environment: dict[str, str]
    folder: Path
    host: str

    def submit(self, arguments: list[str], cwd: Path, timeout: int) -> subprocess.CompletedProcess[str]:
        """`spark-submit` in client mode with one core and a bounded heap an executor."""
        command = [
            str(SPARK_HOME / "bin" / "spark-submit"),
            "--master",
            self.master,
            *_resources(self.host),
            *arguments,
        ]
        return subprocess.run(
            command, cwd=cwd, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def logs(self, characters: int = 1500) -> str:
        """The ends of what the master, the workers and their executors wrote, to show beside a failure."""
        files = [*sorted(self.folder.glob("*.log")), *sorted(self.folder.glob("work-*/*/*/stderr"))]
        ends = [file.read_text(encoding="utf-8", errors="replace")[-characters:] for file in files]
        return "\n".join(f"--- {file.relative_to(self.folder)}\n{end}" for file, end in zip(files, ends, strict=True))


@contextmanager
def standalone_cluster(
    folder: Path,
    workers: int = 2,
    worker_memory: str = "3g",
    host: str = "127.0.0.1",
    worker_hosts: Sequence[str] = (),
) -> Iterator[Cluster]:
    """Start a master and `workers` of one core each on the address; stop exactly those processes afterwards.

    `worker_hosts`: an address for each worker, where Spark is to take them for several machines.

    Their environment has neither PYTHONPATH nor the source tree.
    """
    ensure_java()
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "SPARK_HOME")}
    environment |= {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": host,
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "SPARK_NO_DAEMONIZE": "1",
        # Of drivers, and so of their executors.
        "SPARK_SUBMIT_OPTS": f"-Dspark.network.timeout={PATIENCE}",
        "SPARK_MASTER_OPTS": f"-Dspark.worker.timeout={PATIENCE.removesuffix('s')}",
    }
    port, ui = _free_port(host), _free_port(host)
    master = f"spark://{host}:{port}"
    started = []
    try:
        arguments = ["master.Master", "--host", host, "--port", str(port), "--webui-port", str(ui)]
        started.append(_start(folder, "master", arguments, environment))
        for number in range(workers):
            size = ["--cores", "1", "--memory", worker_memory, "--work-dir", str(folder / f"work-{number}")]
            own = worker_hosts[number] if worker_hosts else host
            arguments = ["worker.Worker", "--host", own, "--webui-port", "0", *size, master]
            started.append(_start(folder, f"worker-{number}", arguments, {**environment, "SPARK_LOCAL_IP": own}))
        _await_workers(f"{host}:{ui}", workers)
        yield Cluster(master, environment, folder, host)
    finally:
        for process in reversed(started):
            _stop(process)


def _resources(host: str) -> list[str]:
    return [
        *("--executor-memory", "2g", "--executor-cores", "1", "--driver-memory", "1g"),
        *("--conf", f"spark.driver.host={host}", "--conf", f"spark.driver.bindAddress={host}"),
        *("--conf", "spark.ui.enabled=false"),
    ]


def _start(folder: Path, name: str, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    log = (folder / f"{name}.log").open("wb")
    command = [str(SPARK_HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{arguments[0]}", *arguments[1:]]
    # A session of its own, so that what the process starts is stopped with it.
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(timeout=20)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _await_workers(ui: str, workers: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{ui}/json/", timeout=5) as page:
                if page.read().decode().count('"ALIVE"') >= workers + 1:  # the master's own state counts one
                    return
        except OSError:
            pass
        time.sleep(0.5)
    raise TimeoutError(f"the cluster had fewer than {workers} workers after {START_SECONDS} s")
