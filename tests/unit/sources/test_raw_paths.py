"""A listed file is opened, whatever its name: nothing in it is a pattern, an escape or an address."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import example, given
from hypothesis import strategies as st

from interest_spark.config.source import SourceConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.sources.listing import list_files
from interest_spark.sources.raw_paths import open_raw, place_of
from tests.unit.sources.rows import read_rows

ODD = ["a", "a::b", "a::a", "::", "a::", "file::a", "zip:", "~", "~root", "100%25", "%41", "{day}", "{a,b}"]
ODD += ["[a]", "a?", "*", "a\nb", "\n", "a\r", "\\", "\\n", "'", '"', "a b ", "#a", "a#b", "?a=b"]
ODD += ["\u202e\u200b", "用户", "\x1b[31m"]
NAMES = st.one_of(
    st.sampled_from(ODD),
    st.lists(st.sampled_from(ODD), min_size=2, max_size=4).map("".join),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=12),
).filter(lambda name: not name.startswith((".", "_")) and len(os.fsencode(name)) < 200)


def content_of(path: str) -> bytes:
    with open_raw(path) as opened:
        return opened.read()


@given(st.sets(NAMES, min_size=1, max_size=5))
@example({*ODD})
def test_every_name_of_this_machine(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("names")
    for name in names:
        (folder / name).write_text(f"content of {name!r}", encoding="utf-8")
    for prefix in ("", "file://", "local://"):
        listed = [file.path for file in list_files(f"{prefix}{folder}/*")]
        assert sorted(listed) == sorted(f"{prefix}{folder}/{name}" for name in names)
        for path in listed:
            assert content_of(path).decode() == f"content of {path.removeprefix(f'{prefix}{folder}/')!r}"


@given(st.sets(st.binary(min_size=1, max_size=8), min_size=1, max_size=3))
def test_names_of_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, names: set[bytes]) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    usable = {name for name in names if not name.startswith((b".", b"_")) and not {*name} & {*b"/\0"}}
    for name in usable:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(name)
    try:
        listed = list_files(f"{folder}/*")
    except BadDataError as error:
        assert "is not UTF-8" in str(error)
        assert any(name.decode(errors="replace").encode() != name for name in usable)
    else:
        assert {content_of(file.path) for file in listed} == usable


@pytest.fixture
def memory() -> "Iterator[Any]":
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


@pytest.mark.parametrize("root", ["memory://logs", "memory:///logs"])
def test_names_on_another_file_system(memory: Any, root: str) -> None:
    contents = {f"/logs/{name}": name.encode() for name in ODD if not name.endswith("\r")}
    memory.pipe(contents)
    listed = [file.path for file in list_files(f"{root}/*")]
    assert sorted(path.removeprefix("memory://") for path in listed) == sorted(contents)
    assert {path.removeprefix("memory://"): content_of(path) for path in listed} == contents


def test_folders_above_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a::b" / "x:" / "~" / "100%25"
    folder.mkdir(parents=True)
    (folder / "log").write_bytes(b"here")
    (listed,) = list_files(f"{folder}/*")
    assert (listed.path, content_of(listed.path)) == (f"{folder}/log", b"here")


class ServedFiles(MemoryFileSystem):  # type: ignore[misc]
    """Files of several servers, whose addresses are no part of the paths."""

    protocol = "served"
    store: dict[str, Any] = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012

    def __init__(self, host: str = "default", **options: Any) -> None:
        super().__init__(**options)
        self.host = host

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        host, slash, below = path.partition("://")[2].partition("/")
        return slash + below if host else path

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        host = path.partition("://")[2].partition("/")[0]
        return {"host": host} if host else {}


def test_a_file_is_opened_on_the_server_that_listed_it() -> None:
    fsspec.register_implementation("served", ServedFiles, clobber=True)
    place = place_of("served://here:8020/logs/*")
    assert (place.filesystem.host, place.prefix, place.path) == ("here:8020", "served://here:8020", "/logs/*")
    again = place_of(f"{place.prefix}/logs/a::b")
    assert (again.filesystem.host, again.path) == ("here:8020", "/logs/a::b")


@pytest.mark.parametrize("name", ["_log", ".log", "_l*", ".??g", "[_]log"])
def test_a_pattern_that_begins_with_a_mark_means_it(tmp_path: Path, name: str) -> None:
    for each in ("_log", ".log", "log"):
        (tmp_path / each).touch()
    found = [Path(file.path).name for file in list_files(f"{tmp_path}/{name}")]
    assert found == ([name[0] + "log"] if name[0] in "._" else [])
    assert [Path(file.path).name for file in list_files(f"{tmp_path}/*")] == ["log"]


def test_the_rows_of_a_name_with_colons_are_its_own(tmp_path: Path) -> None:
    for name in ("log", "log::more"):
        (tmp_path / name).write_text(f'{{"a": "{name}"}}\n', encoding="utf-8")
    for name in ("log", "log::more"):
        assert [row.values for row in read_rows(tmp_path / name, SourceConfig(path=""), ["a"], 1000)] == [[name]]
