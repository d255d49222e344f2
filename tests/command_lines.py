"""What processes were started with; one that has ended, waited for or not, runs nothing and is passed over."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil


def command_lines(processes: Iterable[psutil.Process]) -> Iterator[str]:
    """Those of the processes that still run."""
    for each in processes:
        with suppress(psutil.Error):
            yield " ".join(each.cmdline())


def command_lines_below(pid: int | None = None) -> Iterator[str]:
    """Those of all processes below that one, by default below this one."""
    with suppress(psutil.Error):
        yield from command_lines(psutil.Process(pid).children(recursive=True))
