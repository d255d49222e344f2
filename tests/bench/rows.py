"""Parts of a long benchmark, each written down as soon as it is measured, so that an interrupted run goes on.

A row is taken from the file only if it was measured with the same options and the same code.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.bench.reports import say
from tests.bench.training_world import ROOT

Row = dict[str, Any]


class Rows:
    """The rows of a file, a JSON object a line; without a file nothing is kept."""

    def __init__(self, path: Path | None, options: Mapping[str, Any]) -> None:
        self._path = path
        self._options = {**options, "code": digest_of_code()}
        self._found: dict[str, Row] = {}
        lines = path.read_text(encoding="utf-8").splitlines() if path and path.exists() else ()
        for line in lines:
            try:
                kept = json.loads(line)
            except ValueError:  # the line that an interruption cut
                continue
            if kept["options"] == json.loads(json.dumps(self._options)):
                self._found[kept["part"]] = kept["row"]

    def get(self, part: str, measure: Callable[[], Row]) -> Row:
        """The part's row, measured now unless the file has it."""
        if part in self._found:
            say(f"{part}: taken from {self._path}")
            return self._found[part]
        row = measure()
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n" if self._is_cut() else "")
                file.write(json.dumps({"part": part, "options": self._options, "row": row}) + "\n")
        return row

    def _is_cut(self) -> bool:
        """Whether an interruption has cut the file's last line."""
        text = self._path.read_bytes() if self._path else b""
        return bool(text) and not text.endswith(b"\n")


def digest_of_code() -> str:
    """Of all that is measured: the packages and the benchmarks."""
    found = hashlib.sha256()
    for folder in ("interest_spark", "jobs", "tests/bench"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]
