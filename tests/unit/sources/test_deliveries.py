"""Which files are a delivery, and by what a changed one is known."""

from datetime import date
from pathlib import Path

import fsspec
import pytest

from interest_spark.config.sources import SourceConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.sources.deliveries import Delivery, find_deliveries

DAY = date(2026, 1, 2)


def found(path: str, **keys: str) -> list[Delivery]:
    return find_deliveries(SourceConfig(path=path, **keys), "sources.events", last=DAY)


def names(path: str) -> list[str]:
    return [Path(each.path).name for each in found(path)]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw" / "dt=2026-01-02"
    folder.mkdir(parents=True)
    (folder / "a.jsonl").write_text("{}\n", encoding="utf-8")
    return tmp_path / "raw"


def test_links_to_files_and_to_folders_are_followed(raw: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("b.jsonl", "_left_out.jsonl"):
        (elsewhere / name).write_text("{}\n{}\n", encoding="utf-8")
    (raw / "dt=2026-01-02" / "b.jsonl").symlink_to(elsewhere / "b.jsonl")
    assert names(f"{raw}/dt={{day}}/*.jsonl") == ["a.jsonl", "b.jsonl"]
    (raw / "dt=2026-01-01").symlink_to(elsewhere)
    by_day = find_deliveries(
        SourceConfig(path=f"{raw}/dt={{day}}/*.jsonl"), "sources.events", first=date(2026, 1, 1), last=DAY
    )
    assert [(each.day, Path(each.path).name, each.size) for each in by_day] == [
        ("2026-01-01", "b.jsonl", 6),
        ("2026-01-02", "a.jsonl", 3),
        ("2026-01-02", "b.jsonl", 6),
    ]


@pytest.mark.parametrize("target", ["nowhere.jsonl", "link.jsonl"])
def test_a_link_that_leads_nowhere_or_to_itself_is_named(raw: Path, target: str) -> None:
    (raw / "dt=2026-01-02" / "link.jsonl").symlink_to(raw / "dt=2026-01-02" / target)
    with pytest.raises(BadDataError, match=r"link\.jsonl is a link that leads nowhere"):
        found(f"{raw}/dt={{day}}/*.jsonl")


def test_a_changed_target_of_a_link_is_a_changed_delivery(raw: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target.jsonl", raw / "dt=2026-01-02" / "z.jsonl"
    target.write_text("1\n", encoding="utf-8")
    link.symlink_to(target)
    before = found(f"{raw}/dt={{day}}/z*")[0].identity
    target.write_text("12\n", encoding="utf-8")
    assert found(f"{raw}/dt={{day}}/z*")[0].identity != before


def test_a_folder_is_no_file(raw: Path) -> None:
    (raw / "dt=2026-01-02" / "folder.jsonl").mkdir()
    assert names(f"{raw}/dt={{day}}/*.jsonl") == ["a.jsonl"]


def test_without_a_date_or_a_tag_the_content_decides() -> None:
    files = fsspec.filesystem("memory")
    files.pipe("/deliveries/e.jsonl", b"one")
    before = found("memory://deliveries/*.jsonl")
    assert before == found("memory://deliveries/*.jsonl")
    files.pipe("/deliveries/e.jsonl", b"two")
    after = found("memory://deliveries/*.jsonl")
    assert [each.size for each in after] == [each.size for each in before] == [3]
    assert after[0].identity != before[0].identity
    files.pipe("/deliveries/e.jsonl", b"one")
    assert found("memory://deliveries/*.jsonl") == before
