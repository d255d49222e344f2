"""Raw logs in stores: listed as the same files on this machine are, read to the same lines, with few requests."""

import gzip
import os
import random
from pathlib import Path

import pytest

from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import SourcesConfig
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.errors import BadDataError, BusyError
from interest_spark.foundation.locations import Url
from interest_spark.sources import pieces
from interest_spark.sources.chunks import read_lines
from interest_spark.sources.deliveries import Delivery, find_deliveries
from interest_spark.sources.listing import list_files
from interest_spark.sources.pieces import Piece, _find_breaks, _ranges, _sized_pieces
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.stores.s3 import bucket
from tests.cluster.s3_server import BUCKET, S3Server, s3_server

DAY = "2026-01-02"
NAMES = ("a::b", "100%25", "%41", "{day}", "[a]", "a?", "*", "\\n", "'", "a b ", "#a", "?a=b", "用户", "_left", ".out")
TREE = ("log", "a/log", "a/b/log.gz", "a/b/log", "b/log", "y-10", "y-1")
TREE += ("2026-01-02/x", "2026-01-02/y-1", "2026-01-03/y-1")
PATTERNS = (
    "*",
    "log",
    "*/log",
    "a/*",
    "a/*/*",
    "**/log",
    "a/**/log*",
    "**",
    "?/l*",
    "[ab]/log",
    "2026-01-02/*",
    "none/*",
)
PATTERNS += ("y-1*", "y-1", "2026-01-0?/y*", "*/y-1", "**/y-*", "a/b")


@pytest.fixture(params=["s3", "hdfs"])
def root(request: pytest.FixtureRequest) -> str:
    """The URL of a folder of this test alone."""
    return str(request.getfixturevalue(f"{request.param}_store"))


def _put(root: str, contents: dict[str, bytes]) -> None:
    store, path = store_of(root)
    for name, content in contents.items():
        store.write(f"{path}/{name}", content)


def _lines(path: str, piece: Piece | None = None) -> list[tuple[int, bytes]]:
    read = read_lines(piece or Piece(None, path), 10_000)
    lines = (part.line(place, 10_000) for part in read for place in range(len(part)))
    return [(line.number, line.content) for line in lines]


def test_names_are_data(root: str) -> None:
    names = [name for name in NAMES if root.startswith("s3://") or ":" not in name]  # which HDFS refuses
    _put(root, {name: name.encode() for name in names})
    listed = [file.path for file in list_files(f"{root}/*")]
    assert sorted(listed) == sorted(f"{root}/{name}" for name in names if name[0] not in "._")
    for path in listed:
        assert _lines(path) == [(1, path.removeprefix(f"{root}/").encode())]


def test_a_glob_names_what_it_names_on_this_machine(root: str, tmp_path: Path) -> None:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    _put(root, {name: name.encode() for name in TREE})
    for pattern in PATTERNS:
        here = [(file.path.removeprefix(str(tmp_path)), file.size) for file in list_files(f"{tmp_path}/{pattern}")]
        there = [(file.path.removeprefix(root), file.size) for file in list_files(f"{root}/{pattern}")]
        assert there == here, pattern


def test_a_day_is_listed_by_one_request_however_long_the_history_is(s3_store: Url, s3: S3Server) -> None:
    root, (_, path) = s3_store, store_of(str(s3_store))
    for place in range(2500):
        for name in (f"by-folder/{place:04d}/log", f"by-name/events-{place:04d}.log"):
            file = s3.bucket_folder / path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    for pattern in ("by-folder/1234/*", "by-name/events-1234*"):
        before = s3.count()
        assert len(list_files(f"{root}/{pattern}")) == 1
        assert s3.count() - before == {"ListObjectsV2": 1}


def test_deliveries_belong_to_their_days(root: str) -> None:
    _put(root, {f"events/{day}/{name}": b"{}" for day in ("2026-01-01", DAY) for name in ("a.jsonl", "b.jsonl")})
    source = SourcesConfig.model_validate({"root": root, "events": {"path": "events/{day}/*.jsonl"}}).events
    found = find_deliveries(source, "sources.events", first=parse_day("2026-01-01"), last=parse_day(DAY))
    assert [(each.day, each.path) for each in found] == [
        (day, f"{root}/events/{day}/{name}.jsonl") for day in ("2026-01-01", DAY) for name in "ab"
    ]
    _put(root, {f"events/{DAY}/a.jsonl": b"[]"})
    again = find_deliveries(source, "sources.events", first=parse_day("2026-01-01"), last=parse_day(DAY))
    assert [old.path for old, new in zip(found, again, strict=True) if old.identity != new.identity] == [
        f"{root}/events/{DAY}/a.jsonl"
    ]
    with pytest.raises(BadDataError, match="no raw files match"):
        find_deliveries(SourceConfig(path=f"{root}/none/{{day}}/*"), "sources.events", last=parse_day(DAY))


def test_pieces_of_a_large_file_hold_every_line_once(
    root: str, s3: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    random.seed(1)
    content = b"".join(b"x" * random.randrange(200) + b"\n" for _ in range(5000))
    (tmp_path / "log").write_bytes(content)
    _put(root, {"log": content, "log.gz": gzip.compress(content)})
    monkeypatch.setattr(pieces, "_PIECE_BYTES", 100_000)
    for name in ("log", "log.gz"):
        (file,) = list_files(f"{root}/{name}")
        delivery = Delivery(None, file.path, file.size, file.modified)
        found = _sized_pieces(delivery, [_find_breaks((each, SourceConfig(path=""))) for each in _ranges(delivery)])
        assert (len(found) > 3) == (name == "log")
        before = s3.count()
        read = [line for piece, _ in found for line in _lines(piece.path, piece)]
        assert read == _lines(str(tmp_path / "log"))
        assert set(s3.count() - before) <= {"GetObject"}  # the size is known from the listing


def test_a_server_that_goes_while_a_file_is_read_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        bucket.cache_clear()
        url = f"s3://{BUCKET}/log"
        store_of(url)[0].write("log", os.urandom(1 << 20).replace(b"\n", b"") * 30)
        reading = read_lines(Piece(None, url), 100)
        with pytest.raises(BusyError, match="run the job again"):
            for _ in reading:
                server.stop()
            server.stop()
            list(read_lines(Piece(None, url), 100))
        with pytest.raises(BusyError):
            list_files(f"s3://{BUCKET}/*")
    bucket.cache_clear()
