"""Progress of a run whose ranks are elsewhere: the launcher follows the curve that rank 0 writes.

What ranks print reaches the launcher late or not at all when they are Spark tasks; the file does not wait.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from io import StringIO
from pathlib import Path
from typing import TextIO

from interest_spark.foundation.errors import BusyError
from interest_spark.foundation.locations import Location, Url
from interest_spark.foundation.log import Progress, progress
from interest_spark.models.launch.work_folder import read_text, seconds_between_looks

_LOOK_SECONDS = 1.0


@contextmanager
def following(curve: Location) -> Iterator[None]:
    """Show steps, loss, tokens a second and time left on standard error until the block ends."""
    over = threading.Event()
    with progress("train", "steps") as bar:
        follow = _follow_stored if isinstance(curve, Url) else _follow
        target = copy_context().run  # its lines tell the run and the step, too
        follower = threading.Thread(target=target, args=(follow, curve, bar, over), name="follow-curve", daemon=True)
        follower.start()
        try:
            yield
        finally:
            over.set()
            follower.join()


def _follow(curve: Path, bar: Progress, over: threading.Event) -> None:
    while not curve.exists():
        if over.wait(_LOOK_SECONDS):
            return
    targets = 0
    with curve.open(encoding="utf-8") as lines:
        ended = False
        while not ended:
            ended = over.wait(_LOOK_SECONDS)  # one more look after the end, for the last steps
            targets = _show_new_steps(lines, bar, targets)


def _follow_stored(curve: Url, bar: Progress, over: threading.Event) -> None:
    """Rank 0 stores the whole curve anew from time to time."""
    seen = targets = 0
    ended = False
    while not ended:
        ended = over.wait(seconds_between_looks(curve))
        with suppress(FileNotFoundError, BusyError):  # not begun; or away for a moment, which ends no training
            text = read_text(curve)
            targets = _show_new_steps(StringIO(text[seen:]), bar, targets)
            seen = max(seen, text.rfind("\n") + 1)


def _show_new_steps(lines: TextIO, bar: Progress, targets: int) -> int:
    """Returns the number of targets trained on so far."""
    newest: dict[str, float] = {}
    while line := _whole_line(lines):
        newest |= json.loads(line)
        targets += int(newest.pop("targets", 0))
    if newest:
        rate = round(targets / max(newest["seconds"], 1e-9))
        figures = {name: round(newest[name], 4) for name in ("loss", "ndcg") if name in newest}
        bar.update(newest["step"], newest["total_steps"], **figures, tokens_per_second=rate)
    return targets


def _whole_line(lines: TextIO) -> str:
    """The next line, or "" while rank 0 has not written it to its end."""
    place = lines.tell()
    line = lines.readline()
    if line.endswith("\n"):
        return line
    lines.seek(place)
    return ""
