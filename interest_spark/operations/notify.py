"""Word of how a run ended, to a command and to a web address. What goes wrong with it never changes how it ended."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Any

from interest_spark.config.operations import NotifyConfig
from interest_spark.foundation.log import get_logger
from interest_spark.operations.entry import RunEntry

_REMEDIES = {
    "blocked": "look at the data; the same command goes on once they are mended or accepted",
    "busy": "temporary: run the same command again",
    "failed": "correct it, then run the same command again",
    "done": "nothing to do",
}


def notify(settings: NotifyConfig, entry: RunEntry) -> None:
    """Tell whom the settings name, if the run ended in a way that they ask for."""
    kind = "done" if entry.status == "nothing_to_do" else entry.status
    if kind not in settings.on:
        return
    message = message_of(entry)
    if settings.command:
        command = settings.command
        _attempt("the command of operations.notify", lambda: _run(command, settings.timeout_seconds, message))
    url = settings.url or os.environ.get(settings.url_variable or "")
    if url:
        _attempt("the address of operations.notify", lambda: _post(url, settings.timeout_seconds, message))
    elif settings.url_variable:
        get_logger().warning("nobody was told: the variable is not set", variable=settings.url_variable)


def message_of(entry: RunEntry) -> Mapping[str, Any]:
    """What is sent, as JSON; `text` alone is enough for a person, and is what chat services show."""
    failed = [each for each in entry.steps if each.error]
    where = f", step {failed[-1].step} of {failed[-1].day}" if failed else ""
    reason = f": {entry.error}" if entry.error else ""
    return {
        "text": f"interest_spark {entry.job} for {entry.day} {entry.status}{where}{reason} "
        f"({_REMEDIES.get(entry.status, _REMEDIES['done'])})",
        "job": entry.job,
        "day": entry.day,
        "run_id": entry.run_id,
        "status": entry.status,
        "exit_code": entry.exit_code,
        "error": entry.error,
        "step": failed[-1].step if failed else None,
        "host": entry.host,
        "started": entry.started.isoformat(),
        "seconds": round(entry.seconds, 1),
    }


def _attempt(who: str, tell: Callable[[], None]) -> None:
    try:
        tell()
    except (OSError, HTTPException, ValueError, subprocess.SubprocessError) as error:
        # The kind of the error alone: its text may quote the address, which may be a secret.
        get_logger().warning("nobody was told of the run's end", by=who, reason=type(error).__name__)


def _run(command: Sequence[str], timeout_seconds: float, message: Mapping[str, Any]) -> None:
    body = json.dumps(message, ensure_ascii=False).encode()
    subprocess.run(command, input=body, stdout=subprocess.DEVNULL, timeout=timeout_seconds, check=True)


def _post(url: str, timeout_seconds: float, message: Mapping[str, Any]) -> None:
    body = json.dumps(message, ensure_ascii=False).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=timeout_seconds):
        pass
