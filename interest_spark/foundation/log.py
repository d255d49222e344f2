"""Structured logs on standard error, and progress with rate and time left."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO, cast

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from structlog.typing import EventDict, Processor

from interest_spark.foundation.shown import shown_values
from interest_spark.foundation.streams import StandardError, is_utf8

_LINE_EVERY_SECONDS = 10.0


def configure_logging(level: str = "INFO") -> None:
    """Send logs to standard error: coloured text on a terminal, one JSON object a line elsewhere."""
    on_terminal = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if on_terminal else _json_lines()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _clean,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, StandardError())),
    )


def _json_lines() -> Processor:
    return structlog.processors.JSONRenderer(ensure_ascii=not is_utf8(sys.stderr))


def _clean(logger: object, method: str, entry: EventDict) -> EventDict:
    """A line's texts may come from data: none of them acts on a terminal, is endless, or holds a password."""
    return {key: shown_values(value) for key, value in entry.items()}


def get_logger() -> structlog.stdlib.BoundLogger:
    """The process's logger: `log.info("what happened", key=value)`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return logger


class Progress(Protocol):
    """Where long work tells how far it has come."""

    def update(self, done: float, total: float, **details: object) -> None:
        """`done` of `total` units are finished; `details` are figures worth seeing."""


class _Lines:
    """Progress as log lines, at most one every ten seconds and one at the end."""

    def __init__(self, task: str, unit: str) -> None:
        self._task, self._unit = task, unit
        self._start = time.monotonic()
        self._last = self._start

    def update(self, done: float, total: float, **details: object) -> None:
        now = time.monotonic()
        if now - self._last < _LINE_EVERY_SECONDS and done < total:
            return
        self._last = now
        rate = done / max(now - self._start, 1e-9)
        left = (total - done) / rate if rate > 0 else None
        get_logger().info(
            "progress",
            task=self._task,
            done=done,
            total=total,
            unit=self._unit,
            per_second=round(rate, 2),
            seconds_left=None if left is None else round(left),
            **details,
        )


class _Bar:
    """Progress as a bar on a terminal."""

    def __init__(self, bar: RichProgress, task: str) -> None:
        self._bar = bar
        self._id = bar.add_task(task, total=None, details="")

    def update(self, done: float, total: float, **details: object) -> None:
        text = " ".join(f"{key}={value}" for key, value in details.items())
        self._bar.update(self._id, completed=done, total=total, details=text)


@contextmanager
def progress(task: str, unit: str) -> Iterator[Progress]:
    """Show one task's progress on standard error."""
    if not sys.stderr.isatty():
        yield _Lines(task, unit)
        return
    columns = (
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[details]}"),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar, task)
