"""How a benchmark tells what it measured.

Progress goes to standard error. The last line of standard output is one JSON object: `bench`, `data`, `machine`,
`figures`, which tests/bench/table.py shows, and details of the benchmark's own.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import psutil

_LIBRARIES = ("numpy", "tensorflow-cpu", "horovod", "pyspark")


@dataclass(frozen=True)
class Figure:
    """One measured quantity over several runs."""

    name: str
    unit: str
    median: float
    mean: float
    low: float
    high: float
    runs: int


def figure(name: str, unit: str, values: Sequence[float] | np.ndarray, digits: int = 4) -> Figure:
    numbers = (np.median(values), np.mean(values), np.min(values), np.max(values))
    median, mean, low, high = (round(float(number), digits) for number in numbers)
    return Figure(name, unit, median, mean, low, high, len(values))


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def report(bench: str, data: str, figures: Sequence[Figure], **details: Any) -> None:
    """The benchmark's last word."""
    rows = [asdict(each) for each in figures]
    print(json.dumps({"bench": bench, "data": data, "machine": machine(), "figures": rows, **details}))


def machine() -> Mapping[str, Any]:
    """What the figures depend on besides the code."""
    found = {name: metadata.version(name) for name in _LIBRARIES if _is_installed(name)}
    return {
        "cpu": next(_cpu_names(), platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1_min": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **found,
    }


def _cpu_names() -> Iterator[str]:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            yield line.partition(":")[2].strip()


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False
