"""Each kind of broken line has exactly the fault it stands for, as an independent reading of the line shows."""

import json
import math
from datetime import date, datetime, timedelta

from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.sources.synthetic.faults import FAULTS

from .conftest import ShopReading

MAX_LINE_BYTES, MAX_LATE_DAYS = 1_000_000, 7


def reason_of(line: bytes, day: date) -> str:
    """Why the line cannot be an event of `day`; "" if it can."""
    if len(line) > MAX_LINE_BYTES:
        return "line_too_long"
    if not line.strip():
        return "empty_line"
    if b"\0" in line or b"\\u0000" in line:
        return "nul_byte"
    try:
        text = line.decode("utf-8")
        json.loads(text)
    except UnicodeDecodeError:
        return "invalid_utf8"
    except ValueError:
        return "not_json"
    event = json.loads(text)
    if not isinstance(event, dict):
        return "not_an_object"
    if "\\ud83d" in text:
        return "invalid_utf8"
    for key, name in {"user_id": "user", "item_id": "item", "behavior": "behavior", "event_time": "time"}.items():
        if event.get(key) in (None, ""):
            return f"missing_{name}"
    if event["behavior"] not in BEHAVIORS:
        return "unknown_behavior"
    try:
        happened = datetime.fromisoformat(event["event_time"]).date()
    except ValueError:
        return "bad_time"
    if not day - timedelta(days=MAX_LATE_DAYS) <= happened <= day:
        return "time_out_of_range"
    for key in ("price", "quantity"):
        value = event.get(key, 1)
        if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            return f"bad_{key}"
    return ""


def test_every_line_has_the_reason_that_the_truth_gives(shop: ShopReading) -> None:
    rows = shop.truth["broken_lines"]
    planted = dict(zip(zip(rows["source_file"], rows["source_line"], strict=True), rows["reason"], strict=True))
    for key, line in shop.lines.items():
        assert reason_of(line, date.fromisoformat(key[0][len("events/dt=") :][:10])) == planted.get(key, ""), line[:200]


def test_every_kind_is_planted(shop: ShopReading) -> None:
    kinds = shop.truth["broken_lines"]["kind"].value_counts()
    assert set(kinds.index) == {fault.kind for fault in FAULTS}
    assert len(FAULTS) >= 15 and len({fault.reason for fault in FAULTS}) >= 15
    assert kinds.drop("oversized").min() >= 3
    assert 1 <= kinds["oversized"] <= 2
