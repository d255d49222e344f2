"""Peak memory of Spark's Python workers, as the system accounts for each process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY_SECONDS = 0.2


class Peak:
    """The largest that a worker below this process has had, in MiB."""

    def __init__(self) -> None:
        self.mib = 0

    def look(self) -> None:
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    status = (process / "status").read_text()
                    if b"pyspark.daemon" in (process / "cmdline").read_bytes() and "VmHWM" in status:
                        self.mib = max(self.mib, int(status.split("VmHWM:")[1].split()[0]) >> 10)
                except OSError:  # it has ended
                    continue


@contextmanager
def watch_workers() -> Iterator[Peak]:
    """Look at the machine's workers five times a second. Those of other applications count as well."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY_SECONDS):
            peak.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
