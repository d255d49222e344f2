"""Which raw files a source has, and when one of them counts as changed."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import fsspec
import pytest

from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import SourcesConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.sources.deliveries import Delivery, find_deliveries

DAY = date(2026, 1, 2)


def find(path: Path | str, **window: Any) -> list[Delivery]:
    return find_deliveries(SourceConfig(path=str(path)), "sources.events", **{"last": DAY, "required": False, **window})


def names(root: Path, found: list[Delivery]) -> list[str]:
    return [os.path.relpath(delivery.path, root) for delivery in found]


def write(path: Path, text: str = "line\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_links_to_files_and_to_folders_of_files_are_read(tmp_path: Path) -> None:
    write(tmp_path / "logs/dt=2026-01-02/own")
    far = write(tmp_path / "archive/a/far", "a longer line\n")
    (tmp_path / "logs/dt=2026-01-02/linked").symlink_to(far)
    write(tmp_path / "archive/dt=2026-01-01/old")
    (tmp_path / "logs/dt=2026-01-01").symlink_to(tmp_path / "archive/dt=2026-01-01")
    found = find(tmp_path / "logs/dt={day}/*", first=date(2026, 1, 1))
    assert names(tmp_path / "logs", found) == ["dt=2026-01-01/old", "dt=2026-01-02/linked", "dt=2026-01-02/own"]
    assert [delivery.day for delivery in found] == ["2026-01-01", "2026-01-02", "2026-01-02"]
    whole = find(tmp_path / "logs/*/*")
    assert names(tmp_path / "logs", whole) == names(tmp_path / "logs", found)


def test_a_link_is_as_large_and_as_new_as_its_target(tmp_path: Path) -> None:
    target = write(tmp_path / "target", "12345")
    os.utime(target, ns=(7, 1_700_000_000_123_456_789))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/link").symlink_to("../target")
    (linked,), (plain,) = find(tmp_path / "logs/*"), find(tmp_path / "target")
    assert (linked.size, linked.modified) == (plain.size, plain.modified) == (5, "1700000000123456789")
    write(target, "54321")
    assert find(tmp_path / "logs/*")[0].identity != linked.identity


@pytest.mark.parametrize("pattern", ["logs/dt={day}/*", "logs/*/*", "logs/**/*", "logs/dt=2026-01-02/broken", "l*/**"])
def test_a_dangling_link_is_named(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "logs/dt=2026-01-02/own")
    (tmp_path / "logs/dt=2026-01-02/broken").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadDataError, match=r"dt=2026-01-02/broken is a link to .*nowhere, which does not exist"):
        find(tmp_path / pattern)


def test_a_dangling_folder_of_a_day_fails_that_day_alone(tmp_path: Path) -> None:
    write(tmp_path / "logs/dt=2026-01-02/own")
    (tmp_path / "logs/dt=2026-01-01").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path / "logs", find(tmp_path / "logs/dt={day}/*")) == ["dt=2026-01-02/own"]
    with pytest.raises(BadDataError, match="dt=2026-01-01 is a link to"):
        find(tmp_path / "logs/dt={day}/*", first=date(2026, 1, 1))


@pytest.mark.parametrize("pattern", ["logs/*", "logs/loop/*", "logs/**/*", "logs/**"])
def test_a_link_loop_is_named(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "logs/own")
    (tmp_path / "logs/loop").symlink_to(tmp_path / "logs/pool")
    (tmp_path / "logs/pool").symlink_to(tmp_path / "logs/loop")
    with pytest.raises(BadDataError, match=r"logs/(loop|pool) is a link that leads back to itself"):
        find(tmp_path / pattern)


def test_a_folder_that_holds_itself_is_named_where_the_glob_descends(tmp_path: Path) -> None:
    write(tmp_path / "logs/a/own")
    (tmp_path / "logs/a/up").symlink_to(tmp_path / "logs")
    assert names(tmp_path, find(tmp_path / "logs/*/*")) == ["logs/a/own"]  # `up` is a folder: no file
    with pytest.raises(BadDataError, match="logs/a/up is a link to a folder that it lies in"):
        find(tmp_path / "logs/**/*")


def test_a_glob_that_descends_follows_links(tmp_path: Path) -> None:
    write(tmp_path / "logs/top.csv")
    write(tmp_path / "logs/a/b/deep.csv")
    write(tmp_path / "archive/c/linked.csv")
    (tmp_path / "logs/more").symlink_to(tmp_path / "archive")
    everything = ["a/b/deep.csv", "more/c/linked.csv", "top.csv"]
    for pattern in ("logs/**/*.csv", "logs/**", "logs/**/[dlt]*.c?v"):
        assert names(tmp_path / "logs", find(tmp_path / pattern)) == everything, pattern


def test_folders_and_hidden_files_are_no_files(tmp_path: Path) -> None:
    for name in ("logs/own", "logs/_SUCCESS", "logs/.hidden", "logs/folder/inner"):
        write(tmp_path / name)
    (tmp_path / "logs/.gone").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path / "logs", find(tmp_path / "logs/*")) == ["own"]
    assert find(tmp_path / "nothing/here/*") == find(tmp_path / "logs/own/*") == find(tmp_path / "logs/other") == []


def test_what_is_no_regular_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadDataError, match="pipe is no regular file"):
        find(tmp_path / "*")


def test_a_name_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv")).write_text("x", encoding="utf-8")
    with pytest.raises(BadDataError, match=r"\\xff\.csv"):
        find(tmp_path / "*")


def test_a_path_belongs_to_the_first_day_that_it_names(tmp_path: Path) -> None:
    write(tmp_path / "logs/2026-01-01/to-2026-01-02")
    write(tmp_path / "logs/2026-01-02/to-2026-13-45")
    both = find(tmp_path / "logs/{day}/*", first=date(2026, 1, 1))
    assert [delivery.day for delivery in both] == ["2026-01-01", "2026-01-02"]
    assert names(tmp_path / "logs", find(tmp_path / "logs/*{day}*/*")) == ["2026-01-02/to-2026-13-45"]
    ambiguous = tmp_path / "logs/*{day}*"
    write(tmp_path / "logs/2026-01-01_2026-01-02")
    assert [delivery.day for delivery in find(ambiguous, first=date(2026, 1, 1))] == ["2026-01-01"]
    assert find(ambiguous) == []


def test_files_of_other_file_systems_keep_their_protocol(tmp_path: Path) -> None:
    path = write(tmp_path / "logs/own")
    (tmp_path / "logs/linked").symlink_to(path)
    assert [each.path for each in find(f"file://{tmp_path}/logs/*")] == [
        f"file://{path.parent}/linked",
        f"file://{path}",
    ]


def test_a_glob_may_descend_to_the_folders_of_days(tmp_path: Path) -> None:
    for name in ("logs/2026-01-02/near", "logs/a/b/2026-01-02/far", "logs/a/2026-01-01/other"):
        write(tmp_path / name)
    found = find(tmp_path / "logs/**/{day}/*")
    assert names(tmp_path / "logs", found) == ["2026-01-02/near", "a/b/2026-01-02/far"]


@pytest.fixture
def memory() -> "Iterator[Any]":
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()
    filesystem.pseudo_dirs[:] = [""]


def test_without_a_time_or_an_etag_the_content_decides(memory: Any) -> None:
    memory.pipe({"/logs/2026-01-02/a": b"first", "/logs/2026-01-02/b": b"other"})
    before = find("memory://logs/{day}/*")
    assert [delivery.path for delivery in before] == ["memory:///logs/2026-01-02/a", "memory:///logs/2026-01-02/b"]
    memory.pipe("/logs/2026-01-02/a", b"again")
    changed, same = find("memory://logs/{day}/*")
    assert changed.size == before[0].size
    assert changed.identity != before[0].identity
    assert same.identity == before[1].identity
    memory.pipe("/logs/2026-01-02/a", b"first")  # written anew, with what it held
    assert find("memory://logs/{day}/*") == before


def test_local_files_changed_within_a_microsecond_differ(tmp_path: Path) -> None:
    path = write(tmp_path / "log")
    found = []
    for nanosecond in (100, 900):
        os.utime(path, ns=(0, 1_700_000_000_000_000_000 + nanosecond))
        found += find(path)
    assert found[0].identity != found[1].identity


@pytest.mark.parametrize("pattern", ["*{day}*", "**/*{day}*", "**/{day:yyyy}*{day}*"])
def test_a_path_belongs_to_one_day_whatever_else_it_names(tmp_path: Path, pattern: str) -> None:
    write(tmp_path / "logs/2026-02-30_2026-01-02_2026-01-01")
    days = [date(2026, 1, number) for number in (1, 2, 3)]
    assert [each.day for each in find(tmp_path / "logs" / pattern, first=days[0], last=days[-1])] == ["2026-01-02"]
    assert [len(find(tmp_path / "logs" / pattern, first=day, last=day)) for day in days] == [0, 1, 0]


@pytest.mark.parametrize(
    ("pattern", "layout"),
    [
        ("{year}/{month}/{day}/{hour}/*", "2026/01/{d:02}/23/f"),
        ("year={year}/month={month}/events-{day}.csv", "year=2026/month=01/events-{d:02}.csv"),
        ("{day:yyyyMMdd}/*", "202601{d:02}/f"),
        ("clicks-{day:yyyy_MM_dd}-*.log", "clicks-2026_01_{d:02}-7.log"),
        ("{day:yyyy/MM/dd/HH}/**/*", "2026/01/{d:02}/09/a/b/f"),
        ("*{day:ddMMyyyy}*", "x{d:02}012026y"),
        ("dt={day}/*", "dt=2026-01-{d:02}/f"),
    ],
)
def test_days_in_a_path_are_written_in_many_ways(tmp_path: Path, pattern: str, layout: str) -> None:
    for day in (1, 2, 3):
        write(tmp_path / layout.format(d=day))
    found = find(tmp_path / pattern, first=date(2026, 1, 1))
    assert [(each.day, os.path.relpath(each.path, tmp_path)) for each in found] == [
        (f"2026-01-0{day}", layout.format(d=day)) for day in (1, 2)
    ]


@pytest.mark.parametrize(("unit", "a_second"), [("unix_s", 1), ("unix_ms", 1_000)])
def test_folders_may_be_counted_since_1970(tmp_path: Path, unit: str, a_second: int) -> None:
    for day in range(3):
        write(tmp_path / f"logs/source/{(1_767_225_600 + day * 86_400) * a_second}/f.gz")  # from 2026-01-01T00:00Z
    write(tmp_path / f"logs/source/{(1_767_225_600 + 3_600) * a_second}/f.gz")  # begins no day
    found = find(tmp_path / f"logs/*/{{day:{unit}}}/*", first=date(2026, 1, 1))
    assert [each.day for each in found] == ["2026-01-01", "2026-01-02"]
    assert [Path(each.path).parent.name for each in found] == [
        str((1_767_225_600 + day * 86_400) * a_second) for day in (0, 1)
    ]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{date}/*", "is no place for a day"),
        ("{day:unix}/*", "has the letters 'unix'"),
        ("{year:yy}/{month}/{day}", "is no place for a day"),
        ("{day:yyyy-mm-dd}/*", "has the letters 'mm'"),
        ("{year}/{month}/*", "it lacks dd"),
        ("{day:HH}", "it lacks MM, dd, yyyy"),
    ],
)
def test_a_path_that_does_not_say_its_day_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        SourceConfig(path=pattern)


def test_what_is_being_written_is_left_out_wherever_it_lies(tmp_path: Path) -> None:
    names_of = (
        "a/own",
        "_temporary/0/part",
        ".hive-staging_hive_1/x",
        "a/_spark_metadata/0",
        "a/b/_tmp.part",
        "a/b/deep",
    )
    for name in names_of:
        write(tmp_path / "logs" / name)
    for pattern in ("logs/**/*", "logs/**"):
        assert names(tmp_path / "logs", find(tmp_path / pattern)) == ["a/b/deep", "a/own"]
    assert names(tmp_path / "logs", find(tmp_path / "logs/*/*")) == ["a/own"]
    assert names(tmp_path / "logs", find(tmp_path / "logs/_temporary/**/*")) == ["_temporary/0/part"]
    assert names(tmp_path / "logs", find(f"memory://x{tmp_path}/*")) == []


def test_the_root_is_a_folder_and_no_glob(tmp_path: Path) -> None:
    write(tmp_path / "logs [old]*/2026-01-02/a")
    write(tmp_path / "logs o/2026-01-02/b")
    sources = SourcesConfig.model_validate({"root": f"{tmp_path}/logs [old]*", "events": {"path": "{day}/*"}})
    found = find_deliveries(sources.events, "sources.events", last=DAY)
    assert names(tmp_path, found) == ["logs [old]*/2026-01-02/a"]
