"""Sealed folders are whole or absent, and what is whole already is not touched."""

from collections.abc import Callable
from pathlib import Path

import pytest

from interest_spark.foundation.errors import BadDataError
from interest_spark.storage.sealed import check_sealed, write_sealed


def write(path: Path, text: str) -> str:
    def fill(folder: Path) -> None:
        (folder / "text").write_text(text)

    return write_sealed(path, fill)


def check(path: Path, sha: str | None = None) -> None:
    check_sealed(path, {"text"}, "folder", "write it again", sha)


def test_the_same_content_again_leaves_the_folder_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    first = write(path, "a")
    before = path.stat().st_ino
    assert write(path, "a") == first
    assert path.stat().st_ino == before
    assert write(path, "b") != first
    assert (path / "text").read_text() == "b"
    assert [each.name for each in tmp_path.iterdir()] == ["sealed"]


def test_a_damaged_folder_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    sha = write(path, "a")
    (path / "text").write_text("x")
    with pytest.raises(BadDataError, match="text was changed after training; write it again"):
        check(path)
    assert write(path, "a") == sha
    check(path, sha)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "sealed"
    sha = write(path, "a")

    def fail(folder: Path) -> None:
        (folder / "text").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_sealed(path, fail)
    check(path, sha)


def remove_text(path: Path) -> None:
    (path / "text").unlink()


def spoil_manifest(path: Path) -> None:
    (path / "manifest.json").write_text("[]")


def remove_manifest(path: Path) -> None:
    (path / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove_text, "text cannot be read"),
        (spoil_manifest, "is not a manifest"),
        (remove_manifest, r"manifest\.json cannot be read"),
    ],
)
def test_each_damage_is_named(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "sealed"
    write(path, "a")
    damage(path)
    with pytest.raises(BadDataError, match=message):
        check(path)
