"""Changes of files as strangers and faults make them: some bytes, a value of a JSON document, or the whole file."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class BytesChange:
    """`length` bytes at a place, a share of the file's length, become `new`."""

    place: float
    length: int
    new: bytes

    def apply(self, content: bytes) -> bytes:
        first = int(self.place * len(content))
        return content[:first] + self.new + content[first + self.length :]


@dataclass(frozen=True)
class JsonChange:
    """The value that the numbers lead to, from the document downwards, becomes `new`, goes, or gets `new` beside it."""

    way: tuple[int, ...]
    kind: str
    new: Any

    def apply(self, document: Any) -> Any:
        if not self.way or not isinstance(document, dict | list) or not document:
            return self.new
        keys = list(document) if isinstance(document, dict) else list(range(len(document)))
        key = keys[self.way[0] % len(keys)]
        changed = document.copy()
        if len(self.way) > 1 and isinstance(document[key], dict | list) and document[key]:
            changed[key] = JsonChange(self.way[1:], self.kind, self.new).apply(document[key])
        elif self.kind == "remove":
            del changed[key]
        elif self.kind == "add" and isinstance(changed, dict):
            changed["added"] = self.new
        else:
            changed[key] = self.new
        return changed


def byte_changes() -> st.SearchStrategy[BytesChange]:
    """From nothing to all of the file."""
    lengths = st.sampled_from([0, 1, 2, 8, 100, 1 << 30])
    return st.builds(BytesChange, place=st.floats(0, 1), length=lengths, new=st.binary(max_size=40))


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**30, 0.5, 1e308, float("nan"), float("inf")]),
    st.sampled_from(
        ["", "/", "..", "\0", "%2e%2e", "file:///etc/passwd", "s3://a/b", "1", "true", "2026-01-05", "UTC"]
    ),
    st.integers(),
    st.text(max_size=8),
)
JSON_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
JSON_CHANGES: st.SearchStrategy[JsonChange] = st.builds(
    JsonChange,
    way=st.lists(st.integers(0, 30), max_size=4).map(tuple),
    kind=st.sampled_from(["replace", "remove", "add"]),
    new=JSON_VALUES,
)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _link(file: Path) -> None:
    moved = file.parents[3] / f"moved-{file.name}"
    shutil.move(file, moved)
    file.symlink_to(moved)


def _endless(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


WHOLE_FILE: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "empty": lambda file: os.truncate(file, 0),
    "half": lambda file: os.truncate(file, file.stat().st_size // 2),
    "giant": lambda file: os.truncate(file, 1 << 42),
    "a folder": _folder,
    "a pipe": _pipe,
    "a link": _link,
    "endless": _endless,
}
"""What may be in a file's place."""
