"""Spark's archived classes: given to a driver where there are any, and made with the Java that is there."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interest_spark.platform import class_archive
from interest_spark.platform.java import ensure_java, java_version

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_without_an_archive_no_option_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_archive.sys, "prefix", str(tmp_path))
    assert class_archive.options_with_archive() == ""


def test_an_archive_that_does_not_fit_is_passed_over_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_archive.sys, "prefix", str(tmp_path / "with a space"))
    file = class_archive.archive_file()
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no archive")
    environment = {"JAVA_TOOL_OPTIONS": class_archive.options_with_archive()}
    done = subprocess.run(
        [ensure_java(), "-version"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert f'SharedArchiveFile="{file}"' in done.stderr  # the option was picked up


def test_a_java_too_old_for_archives_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_archive, "java_version", lambda command: 11)
    with pytest.raises(OSError, match="Java 11 makes no archive"):
        class_archive.make_archive()


def test_drivers_map_the_archive_that_the_installation_made(spark: "SparkSession") -> None:
    version = java_version(ensure_java())
    if version is None or version < class_archive.OLDEST_JAVA:
        pytest.skip("this Java makes no archive of an application's classes")
    gateway = spark.sparkContext._gateway
    assert gateway is not None
    mapped = Path(f"/proc/{gateway.proc.pid}/maps").read_text(encoding="utf-8")
    assert str(class_archive.archive_file()) in mapped
