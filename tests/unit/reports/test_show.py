"""What `interest show` prints: aligned whatever the script, harmless whatever the text."""

import unicodedata
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from interest_spark.reports.show import cell_text, print_rows

UTC = ZoneInfo("UTC")


def screen_columns(text: str) -> int:
    """Terminal cells after Unicode's own width table: two for wide characters, none for combining ones."""
    widths = (2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)
    return sum(map(int, widths))


def printed(capsys: pytest.CaptureFixture[str], rows: pa.Table, titles: dict[str, str] | None = None) -> list[str]:
    print_rows(rows, "heading", UTC, titles or {})
    return capsys.readouterr().out.splitlines()


def test_wide_characters_keep_the_columns_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["tea", "限量版无线鼠标", "🍵🎁 tea", "ｶﾀｶﾅ テスト", "cafe\u0301"]
    rows = pa.table({"item_id": [str(place) for place in range(5)], "score": [1.0, 22.5, -3.25, 0.5, 7.0]})
    lines = printed(capsys, rows, {str(place): name for place, name in enumerate(names)})
    found = [line for line in lines if any(name in line for name in names)]
    ends = {screen_columns(line.rstrip()) for line in found}
    assert len(found) == 5 and len(ends) == 1
    starts = {screen_columns(line[: line.index(name)]) for line, name in zip(found, names, strict=True)}
    assert len(starts) == 1


def test_text_cannot_act_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pa.table({"raw": ["a\nb\tc", "\x1b[31mred\x1b[0m", "[bold]not markup[/bold]", "\u202egnirts"]})
    out = "\n".join(printed(capsys, rows))
    assert "\x1b" not in out and "\u202e" not in out and "\t" not in out
    assert r"a\nb\tc" in out and "[bold]not markup[/bold]" in out


def test_rows_that_do_not_fit_become_records(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pa.table({f"column_{number}": ["x" * 40] for number in range(6)} | {"query": pa.array([None], pa.string())})
    lines = printed(capsys, rows)
    assert all(any(f"column_{number}" in line and "x" * 40 in line for line in lines) for number in range(6))
    assert "without a value: query" in lines


def test_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, pa.table({"user_id": pa.array([], pa.string())}))[:2] == ["heading", "  none"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (246.07, "246.07"),
        (1 / 3, "0.333333"),
        (7, "7"),
        (datetime(2017, 12, 2, 23, 30, tzinfo=timezone.utc), "2017-12-03 07:30:00"),
        ([1, 2], "[1, 2]"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, … 9 in all]"),
        ([("colour", "红"), ("size", "L")], "colour=红 size=L"),
        ("x" * 61, "x" * 43 + "… (61 characters)"),
    ],
)
def test_cells(value: object, text: str) -> None:
    assert cell_text(value, ZoneInfo("Asia/Shanghai")) == text
