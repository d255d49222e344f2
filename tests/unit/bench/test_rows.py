"""An interrupted benchmark takes what it has measured, and nothing that was measured otherwise."""

from pathlib import Path

import pytest

from tests.bench import rows as rows_module
from tests.bench.rows import Rows


def test_a_part_is_measured_once(tmp_path: Path) -> None:
    path, measured = tmp_path / "build" / "rows.jsonl", []

    def measure() -> dict[str, float]:
        measured.append(1)
        return {"ndcg": 0.5}

    assert Rows(path, {"data": "a"}).get("seed 0", measure) == {"ndcg": 0.5}
    assert Rows(path, {"data": "a"}).get("seed 0", measure) == {"ndcg": 0.5}
    assert len(measured) == 1
    Rows(path, {"data": "b"}).get("seed 0", measure)
    Rows(path, {"data": "a"}).get("seed 1", measure)
    assert len(measured) == 3


def test_a_row_of_other_code_and_a_line_cut_short_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.jsonl"
    Rows(path, {}).get("first", lambda: {"value": 1})
    with path.open("a", encoding="utf-8") as file:
        file.write('{"part": "second", "opt')
    assert Rows(path, {}).get("first", lambda: {"value": 2}) == {"value": 1}
    monkeypatch.setattr(rows_module, "digest_of_code", lambda: "other")
    assert Rows(path, {}).get("first", lambda: {"value": 3}) == {"value": 3}
