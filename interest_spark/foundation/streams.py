"""Standard output and standard error as every command has them: no encoding and no closed pipe ends a job."""

import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import TextIOBase, TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from rich.console import Console

from interest_spark.foundation.shown import shown_error

_WIDTH_WITHOUT_TERMINAL = 160


class OutputClosedError(Exception):
    """Whoever read standard output has closed it, as `head` does: enough was seen, and what follows goes nowhere."""


def prepare_streams() -> None:
    """Characters that a stream's encoding lacks become escapes; a stream that is closed takes everything, unseen."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.excepthook = _print_traceback


def print_error(error: object) -> None:
    """One line on standard error, whatever the message holds."""
    print_line(f"error: {shown_error(error)}", sys.stderr)


def print_report(report: Mapping[str, Any]) -> None:
    """A job's last line on standard output: one JSON object, which any encoding can hold and no character breaks up."""
    text = json.dumps(report, ensure_ascii=not is_utf8(sys.stdout))
    print_line("".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text), sys.stdout)


def print_line(text: str, stream: TextIO) -> None:
    """Print at once. Raises OutputClosedError of standard output alone: nobody has to read what a job logs."""
    if stream is sys.stderr:
        print(text, file=StandardError(), flush=True)
        return
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        raise _closed() from None


class StandardError(TextIOBase):
    """Standard error as it is at the time; once its pipe is closed, what is written goes nowhere."""

    def write(self, text: str, /) -> int:
        with self._unread():
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with self._unread():
            sys.stderr.flush()

    @staticmethod
    @contextmanager
    def _unread() -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            discard(sys.stderr)


class _Terminal(Console):
    """Leaves it to the command what a closed pipe means; rich would end the process with 1."""

    def on_broken_pipe(self) -> None:
        raise _closed() from None


def terminal() -> Console:
    """Standard output for tables, wide where it is no terminal."""
    found = _Terminal(highlight=False)
    return found if found.is_terminal else _Terminal(highlight=False, width=_WIDTH_WITHOUT_TERMINAL)


def end_output() -> None:
    """Write out what standard output still holds; where that fails nothing of it is left to fail once more.

    Raises OutputClosedError, or the OSError of a disk that is full.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise _closed() from None
    except OSError:
        discard(sys.stdout)
        raise


def is_utf8(stream: TextIO) -> bool:
    """Whether JSON can be written as it reads; in other encodings the escapes in place of characters are not JSON's."""
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def discard(stream: TextIO) -> None:
    """Let what the stream still holds, and what comes, go nowhere: Python would fail on it once more when it ends."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _closed() -> OutputClosedError:
    discard(sys.stdout)
    return OutputClosedError()


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A bug's traceback, in which no text of the data acts on the terminal."""
    for line in "".join(traceback.format_exception(kind, error, trace)).splitlines():
        print_line(shown_error(line), sys.stderr)
