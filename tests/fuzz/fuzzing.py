"""What all fuzzers share: inputs for so many minutes, and what each must keep to.

A case ends with one of the exit codes that a job may have, without a traceback, in bounded time and memory. Those that
do not are told with the input that showed it, and the next one follows.
"""

import argparse
import json
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import TypeVar

import psutil
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.bench.reports import say

T = TypeVar("T")

ALLOWED = {0, 2, 3, 75}
MOST_SECONDS = 60
MOST_MIB = 1_280
_CASES_A_ROUND = 50
_SHOWN = 5


class _TooLong(BaseException):
    """Not an Exception: nothing that is fuzzed may catch it."""


def main(name: str, cases: SearchStrategy[T], exit_code_of: Callable[[T, Path], int], minutes: float = 20.0) -> None:
    """`exit_code_of` runs a case in an empty folder; prints one JSON line last, and leaves with 1 after a fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    options = parser.parse_args()
    found = fuzz(name, cases, exit_code_of, options.minutes * 60, options.seed)
    print(json.dumps(found))
    raise SystemExit(1 if found["faults"] else 0)


def fuzz(
    name: str,
    cases: SearchStrategy[T],
    exit_code_of: Callable[[T, Path], int],
    seconds: float,
    first_seed: int = 0,
) -> dict[str, object]:
    """Counts by exit code, the slowest case, the most memory, and the first faults with their inputs."""
    codes: Counter[int] = Counter()
    faults: list[str] = []
    slowest, most, end, number, memory = 0.0, 0, time.monotonic() + seconds, first_seed, _Memory()

    def one_round() -> None:
        @seed(number)
        @settings(
            max_examples=_CASES_A_ROUND,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def run(case: T) -> None:
            nonlocal slowest, most
            if time.monotonic() > end:
                return
            memory.start()
            code, fault, taken = _run(case, exit_code_of)
            mib = memory.mib()
            codes[code] += 1
            slowest, most = max(slowest, taken), max(most, mib)
            if fault or mib > MOST_MIB:
                faults.append(f"seed {number}: {fault or f'{mib} MiB'}\n{case!r:.2000}")
                say(faults[-1])

        run()

    while time.monotonic() < end and len(faults) < 100:
        one_round()
        number += 1
    cases_run = sum(codes.values())
    say(f"{name}: {cases_run} cases, {dict(codes)}, {len(faults)} faults")
    return {
        "fuzz": name,
        "cases": cases_run,
        "codes": dict(sorted(codes.items())),
        "slowest_s": round(slowest, 2),
        "most_mib": most,
        "faults": len(faults),
        "first_faults": faults[:_SHOWN],
    }


def _run(case: T, exit_code_of: Callable[[T, Path], int]) -> tuple[int, str | None, float]:
    """The exit code, or -1 with what went wrong, and the seconds taken."""

    def too_long(_signal: int, _frame: FrameType | None) -> None:
        raise _TooLong

    output = StringIO()
    before = signal.signal(signal.SIGALRM, too_long)
    started = time.monotonic()
    signal.alarm(MOST_SECONDS)
    try:
        with tempfile.TemporaryDirectory() as folder, redirect_stderr(output), redirect_stdout(output):
            code = _exit_code(case, Path(folder), exit_code_of)
    except _TooLong:
        return -1, f"more than {MOST_SECONDS} s", time.monotonic() - started
    except Exception:  # any at all is what fuzzing looks for
        return -1, traceback.format_exc()[-3000:], time.monotonic() - started
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    taken, text = time.monotonic() - started, output.getvalue()
    if code not in ALLOWED:
        return code, f"exit code {code}: {text[-1000:]}", taken
    return code, f"a traceback: {text[-3000:]}" if "Traceback (most recent" in text else None, taken


def _exit_code(case: T, folder: Path, exit_code_of: Callable[[T, Path], int]) -> int:
    try:
        return exit_code_of(case, folder)
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)


class _Memory:
    """What a case takes beyond what the process held before, which may be much: other tests have run in it."""

    def __init__(self) -> None:
        self._at_start = _status("VmRSS")
        self._others = set(psutil.Process().children(recursive=True))  # of tests that ran in this process before

    def start(self) -> None:
        self._at_start = _status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew

    def mib(self) -> int:
        """The growth to the peak since the start; or what a child of the case holds now, if more."""
        children = [0]
        for child in set(psutil.Process().children(recursive=True)) - self._others:
            with suppress(psutil.Error):
                if "java" not in child.name():  # Spark's heap has a limit of its own
                    children.append(child.memory_info().rss >> 20)
        return max(_status("VmHWM") - self._at_start, *children)


def _status(name: str) -> int:
    """A figure of this process's memory, in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith(f"{name}:"))
