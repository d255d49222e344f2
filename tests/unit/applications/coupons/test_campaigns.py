"""Delivered campaigns: the first line of a user and campaign counts, sent by the end of the day."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import polars as pl

from interest_spark.applications.coupons.campaigns import CampaignBuild
from interest_spark.features.attributes import Account
from interest_spark.storage.parts import read_columns

END = datetime(2026, 1, 5, 16, tzinfo=timezone.utc)  # of the fifth, in Shanghai
ROW: dict[str, Any] = {
    "delivery_day": "2026-01-05",
    "source_file": "f",
    "source_line": 1,
    "raw": "",
    "reason": None,
    "file_fault": None,
    "file_note": None,
    "unread": None,
    "element": 0,
    "user_id": "ann",
    "campaign": "c1",
    "coupon": "ten_off",
    "sent_at": datetime(2026, 1, 4, 2, tzinfo=timezone.utc),
}


def build(tmp_path: Path, rows: pl.DataFrame) -> CampaignBuild[None]:
    folders = {"campaigns": str(tmp_path / "campaigns")}
    return CampaignBuild("campaigns", "user_id", lambda _: iter([rows]), "2026-01-05", END, folders, "Asia/Shanghai")


def made(tmp_path: Path, *changes: dict[str, Any]) -> tuple[list[dict[str, Any]], Account]:
    lines = [{**ROW, "source_line": place, **each} for place, each in enumerate(changes, start=1)]
    texts = ("delivery_day", "reason", "file_fault", "file_note", "unread")
    rows = pl.DataFrame(lines, schema_overrides=dict.fromkeys(texts, pl.String))
    task = build(tmp_path, rows)
    *frames, account = task.prepare(None)
    assert isinstance(account, Account)
    kept = [each for each in frames if isinstance(each, pl.DataFrame)]
    paths = list(task.combine(0, kept))
    return read_columns(paths, user_id=pl.String, campaign=pl.String, coupon=pl.String).to_dicts(), account


def test_the_first_line_of_a_user_and_campaign_counts(tmp_path: Path) -> None:
    later = {"coupon": "gift", "sent_at": datetime(2026, 1, 5, 2, tzinfo=timezone.utc)}
    found, _ = made(tmp_path, later, {}, {"coupon": "control"}, {"campaign": "c2"}, {"user_id": "bob"})
    assert found == [
        {"user_id": "ann", "campaign": "c1", "coupon": "ten_off"},
        {"user_id": "ann", "campaign": "c2", "coupon": "ten_off"},
        {"user_id": "bob", "campaign": "c1", "coupon": "ten_off"},
    ]


def test_a_line_that_tells_what_will_be_sent_is_refused_by_the_shops_day(tmp_path: Path) -> None:
    in_time = {"user_id": "bob", "sent_at": datetime(2026, 1, 5, 15, 59, tzinfo=timezone.utc)}
    too_late = {"user_id": "cid", "sent_at": datetime(2026, 1, 5, 16, 1, tzinfo=timezone.utc)}
    found, account = made(tmp_path, {}, in_time, too_late)
    assert [row["user_id"] for row in found] == ["ann", "bob"]
    assert account.lines == {("2026-01-05", "f", ""): 2, ("2026-01-05", "f", "time_out_of_range"): 1}


def test_of_a_whole_history_only_what_was_sent_by_the_end_of_the_day_is_known(tmp_path: Path) -> None:
    whole = {"delivery_day": None, "user_id": "cid", "sent_at": datetime(2026, 1, 6, tzinfo=timezone.utc)}
    found, account = made(tmp_path, {"delivery_day": None}, whole)
    assert [row["user_id"] for row in found] == ["ann"]
    assert account.lines == {(None, "f", ""): 2}
