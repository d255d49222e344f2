"""Lines of campaigns: typed where they say who got what when, and refused with the reason where they do not."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sources.mapped_rows import typed, write

GOOD = {"user_id": "ann", "campaign": "spring", "coupon": "ten_off", "sent_at": "2026-01-30T08:00:00+08:00"}


def test_a_good_line_is_typed(tmp_path: Path) -> None:
    (row,) = typed(write(tmp_path / "c.jsonl", [GOOD]), "campaigns").to_dicts()
    assert row["reason"] is None
    assert row["sent_at"] == datetime(2026, 1, 30, tzinfo=timezone.utc)
    assert (row["user_id"], row["campaign"], row["coupon"]) == ("ann", "spring", "ten_off")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user_id": None}, "missing_user"),
        ({"campaign": None}, "missing_campaign"),
        ({"coupon": ""}, "missing_coupon"),
        ({"sent_at": None}, "missing_time"),
        ({"sent_at": "yesterday"}, "bad_time"),
    ],
)
def test_a_line_that_does_not_say_it_all_is_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    rows = typed(write(tmp_path / "c.jsonl", [{**GOOD, **changes}, GOOD]), "campaigns")
    assert rows["reason"].to_list() == [reason, None]


def test_another_shops_names_are_mapped(tmp_path: Path) -> None:
    file = write(tmp_path / "c.csv", ["7,A,gift,1769731200000"], "member,name,arm,ts")
    columns = {"user_id": "member", "campaign": "name", "coupon": "arm", "sent_at": "ts"}
    (row,) = typed(file, "campaigns", format="csv", columns=columns, time_format="unix_ms").to_dicts()
    assert (row["user_id"], row["coupon"], row["reason"]) == ("7", "gift", None)
    assert row["sent_at"] == datetime(2026, 1, 30, tzinfo=timezone.utc)
