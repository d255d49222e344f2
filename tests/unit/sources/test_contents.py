"""A file counts as the one that was read if its content is the same, whatever its time says."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from interest_spark.config.source import SourceConfig
from interest_spark.sources import contents
from interest_spark.sources.contents import as_known, contents_of, still_known
from interest_spark.sources.deliveries import Delivery, find_deliveries


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"first\n")
    return path


def found(path: Path) -> list[Delivery]:
    return find_deliveries(SourceConfig(path=f"{path.parent}/*"), "sources.events", last=date(2026, 1, 2))


def no_spark() -> Any:
    raise AssertionError("so little needs no Spark")


def touch(path: Path, content: bytes | None = None) -> None:
    if content is not None:
        path.write_bytes(content)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1_000_000_000))


def test_a_touched_file_is_the_known_one(log: Path) -> None:
    read = found(log)
    known = contents_of(read, no_spark)
    touch(log)
    (touched,) = found(log)
    assert touched.identity != read[0].identity
    assert as_known([touched], known) == read
    assert still_known(read, known) == known


@pytest.mark.parametrize("content", [b"other\n", b"longer than before\n"])
def test_other_content_is_another_file(log: Path, content: bytes) -> None:
    known = contents_of(found(log), no_spark)
    touch(log, content)
    changed = found(log)
    assert as_known(changed, known) == changed
    assert still_known(changed, known) == {}


def test_only_files_of_another_time_are_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = contents_of(found(log), no_spark)
    monkeypatch.setattr(contents, "_sha256", lambda _: pytest.fail("its time says that it is the same"))
    assert as_known(found(log), known) == found(log)
    touch(log, b"of another size")
    assert as_known(found(log), known) == found(log)


def test_what_has_changed_since_it_was_listed_is_not_known(log: Path) -> None:
    """Else the next run would take for read what came after the reading."""
    listed = found(log)
    touch(log, b"later\n")
    assert contents_of(listed, no_spark) == {}
    log.unlink()
    assert contents_of(listed, no_spark) == {}


def test_much_is_hashed_in_tasks(spark: Any, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (log.parent / "b.jsonl").write_bytes(b"second\n")
    alone = contents_of(found(log), no_spark)
    monkeypatch.setattr(contents, "_BYTES_ALONE", 0)
    assert contents_of(found(log), lambda: spark.sparkContext) == alone
    assert len(alone) == 2
