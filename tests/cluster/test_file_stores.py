"""Files in S3 by URL: whatever their names are, with few requests, and a clear word where they are not to be had."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.storage.file_stores import local_copy, local_draft, store_of
from interest_spark.storage.stores.s3 import bucket
from tests.cluster.s3_server import BUCKET, S3Server, s3_server

ODD_NAMES = ("a b ü.jsonl", "a#b?.jsonl", "a%20b.jsonl", "[x]~{}.gz", "x::y.gz", "q=1&b.gz", "tail ", "a\\b")


@pytest.fixture
def folder(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a prefix of this test alone."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    bucket.cache_clear()
    yield f"s3://{BUCKET}/{secrets.token_hex(4)}"
    bucket.cache_clear()


def test_files_of_any_name_are_written_listed_read_and_deleted(folder: str) -> None:
    store, path = store_of(folder)
    for name in ODD_NAMES:
        store.write(f"{path}/in/{name}", name.encode())
    listed = {each.path.rpartition("/")[2]: each for each in store.list_files(path)}
    assert sorted(listed) == sorted(ODD_NAMES)
    for name, each in listed.items():
        assert store.read(each.path) == name.encode()
        assert each.size == len(name.encode()) and each.modified
        with store.open(each.path, each.size) as file:
            file.seek(1)
            assert file.read() == name.encode()[1:]
    assert store.list_folder(path) == ([], ["in"])
    for each in listed.values():
        store.delete(each.path)
    assert list(store.list_files(path)) == []


def test_a_change_shows_even_where_the_size_is_the_same(folder: str) -> None:
    store, path = store_of(folder)
    marks = []
    for content in (b"1", b"2"):
        store.write(f"{path}/file", content)
        marks += [each.modified for each in store.list_files(path)]
    assert marks[0] != marks[1]


def test_a_file_of_a_known_size_is_read_by_one_request(folder: str, s3: S3Server) -> None:
    store, path = store_of(folder)
    content = os.urandom(300_000)
    store.write(f"{path}/file", content)
    before = s3.count()
    with store.open(f"{path}/file", len(content)) as file:
        assert file.read() == content
    assert s3.count() - before == {"GetObject": 1}


def test_copies_and_drafts_are_local_files(folder: str, s3: S3Server, tmp_path: Path) -> None:
    before = s3.count()
    with local_draft(f"{folder}/dt=2026-01-01/part-0.parquet") as draft:
        Path(draft).write_bytes(b"rows")
    with local_copy(f"{folder}/dt=2026-01-01/part-0.parquet") as copy:
        assert Path(copy).read_bytes() == b"rows" and Path(copy).name == "part-0.parquet"
    assert not Path(copy).exists() and not Path(draft).exists()
    assert (s3.count() - before)["PutObject"] == 1
    with local_draft(str(tmp_path / "new" / "file")) as place:
        Path(place).write_bytes(b"rows")
    with local_copy(place) as same:
        assert same == place == str(tmp_path / "new" / "file")


def test_a_draft_that_fails_is_not_stored(folder: str) -> None:
    with pytest.raises(ZeroDivisionError), local_draft(f"{folder}/file") as draft:
        Path(draft).write_bytes(b"half")
        raise ZeroDivisionError
    store, path = store_of(folder)
    assert list(store.list_files(path)) == []
    with pytest.raises(FileNotFoundError, match="file"):
        store.read(f"{path}/file")


def test_a_wrong_key_or_bucket_is_an_error_of_the_deployment(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, path = store_of("s3://no-such-bucket/folder")
    for act in (lambda: store.read(path), lambda: list(store.list_files(path)), lambda: store.write(path, b"")):
        with pytest.raises(ConfigError, match="NoSuchBucket"):
            act()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    bucket.cache_clear()
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY") as refused:
        list(store_of(folder)[0].list_files("x"))
    assert "wrong" not in str(refused.value)


def test_a_server_that_is_gone_is_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        bucket.cache_clear()
        store, path = store_of(f"s3://{BUCKET}/folder/file")
        store.write(path, b"kept")
        with store.open(path, 4) as file:
            server.stop()
            for act in (
                lambda: file.read(),
                lambda: store.read(path),
                lambda: list(store.list_files("folder")),
                lambda: store.list_folder("folder"),
                lambda: store.write(path, b"lost"),
                lambda: store.delete(path),
            ):
                with pytest.raises(BusyError, match="cannot be reached"):
                    act()
        server.start()
        assert store.read(path) == b"kept"
    bucket.cache_clear()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://host/file", "no store"),
        ("s3://", "no bucket"),
        ("hdfs:///file", "no host"),
        ("s3://joe:PlantedS3cret@shop/file", "user or a password"),
    ],
)
def test_urls_that_name_no_store_are_refused_without_their_secrets(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as refused:
        store_of(url)
    assert "PlantedS3cret" not in str(refused.value)
