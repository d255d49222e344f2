"""Processes of ranks on this machine: started with what they need in their environment, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import interest_spark
from interest_spark.foundation.imports import protect_imports
from interest_spark.foundation.locations import Location
from interest_spark.models.launch.rank_main import LAUNCHER_PID

_STANDARD_ERROR = 2
_LOOK_SECONDS = 0.1
_FAREWELL_SECONDS = 5.0
_ARCHIVES = (".zip", ".egg", ".whl")
_RANK = "interest_spark.models.launch.rank_main"

Process = subprocess.Popen[bytes]


@contextmanager
def rank_processes(plan_file: Location, environments: Sequence[Mapping[str, str]]) -> Iterator[list[Process]]:
    """One process for each environment, which is laid over this process's own; killed at the end if still alive.

    What ranks keep in the folder for temporary files, such as copies of their blocks, goes with them.
    """
    processes: list[Process] = []
    with TemporaryDirectory(prefix="interest-ranks-") as scratch:
        try:
            for environment in environments:
                processes.append(_start(plan_file, {**environment, "TMPDIR": scratch}))
            yield processes
        finally:
            for process in processes:
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def await_ranks(processes: Sequence[Process]) -> list[int]:
    """The exit codes; once a rank has failed, the others have seconds to say what they know, and no more."""
    deadline = None
    while any(process.poll() is None for process in processes):
        if deadline is None and any(process.returncode for process in processes):
            deadline = time.monotonic() + _FAREWELL_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            break
        time.sleep(_LOOK_SECONDS)
    return [process.returncode or 0 for process in processes]


def _start(plan_file: Location, environment: Mapping[str, str]) -> Process:
    protect_imports()
    return subprocess.Popen(
        [sys.executable, "-m", _RANK, str(plan_file)],
        env={**os.environ, **environment, "PYTHONPATH": _module_path(), LAUNCHER_PID: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=_STANDARD_ERROR,
        start_new_session=True,
    )


def _package_root() -> Path:
    """The folder or zip that interest_spark is imported from."""
    return Path(interest_spark.__file__).absolute().parents[1]


def _module_path() -> str:
    """Where a rank finds this package and the archives of --py-files."""
    archives = [entry for entry in sys.path if entry.endswith(_ARCHIVES)]
    given = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(filter(None, dict.fromkeys([str(_package_root()), *archives, given])))
