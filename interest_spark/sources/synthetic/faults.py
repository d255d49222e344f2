"""Broken lines: every kind of fault a shop's logs have shown, and the quarantine reason each must get.

A broken line has exactly one fault; the rest of it is a sound event. Text may carry bytes that are not
UTF-8 as lone surrogates (`surrogateescape`).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from interest_spark.sources.synthetic.plan import ShopPlan

Event = dict[str, Any]
OVERSIZED_BYTES = 1_000_100  # just above ingest's default limit of a line
_MOST_OVERSIZED = 2  # a shop
_FEW = 3  # lines of each kind are wanted even in a small shop
_SHARE, _MOST_SHARE, _MOST_DAY_SHARE = 0.006, 0.017, 0.03
_LINES_PER_USER_DAY = 1.7  # roughly, to plan with
_TOKEN = "\x1a"  # stands for a value that is no JSON string


@dataclass(frozen=True)
class Fault:
    """One kind of broken line, made from a sound event."""

    kind: str
    reason: str
    spoil: Callable[[Event], str]


def _dump(event: Event) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def _without(key: str) -> Callable[[Event], str]:
    return lambda event: _dump({name: value for name, value in event.items() if name != key})


def _with(**fields: Any) -> Callable[[Event], str]:
    return lambda event: _dump({**event, **fields})


def _with_token(key: str, token: str) -> Callable[[Event], str]:
    return lambda event: _dump({**event, key: _TOKEN}).replace(json.dumps(_TOKEN), token)


def _moved(**span: float) -> Callable[[Event], str]:
    def move(event: Event) -> str:
        moved = datetime.fromisoformat(event["event_time"]) + timedelta(**span)
        return _dump({**event, "event_time": moved.strftime("%Y-%m-%dT%H:%M:%S.000Z")})

    return move


def _oversized(event: Event) -> str:
    return _dump({**event, "query": "x" * OVERSIZED_BYTES})


def _bytes(raw: bytes) -> str:
    return raw.decode("utf-8", errors="surrogateescape")


FAULTS = (
    Fault("blank", "empty_line", lambda event: ""),
    Fault("oversized", "line_too_long", _oversized),
    Fault("only_spaces", "empty_line", lambda event: "   "),
    Fault("nul_byte", "nul_byte", _with_token("query", '"a\x00b"')),
    Fault("nul_escape", "nul_byte", _with_token("query", '"a\\u0000b"')),
    Fault("lone_surrogate", "invalid_utf8", _with_token("query", '"\\ud83d"')),
    Fault("stray_bytes", "invalid_utf8", _with(query=_bytes(b"shoes \xff\xfe"))),
    Fault("gbk_text", "invalid_utf8", _with(query=_bytes("手机壳".encode("gbk")))),
    Fault("truncated", "not_json", lambda event: _dump(event)[: len(_dump(event)) * 2 // 3]),
    Fault("two_glued", "not_json", lambda event: _dump(event) + _dump(event)),
    Fault("stack_trace", "not_json", lambda event: "java.lang.NullPointerException at shop.Tracker.send:42"),
    Fault("array", "not_an_object", lambda event: _dump(event).join("[]")),
    Fault("scalar", "not_an_object", lambda event: "42"),
    Fault("user_absent", "missing_user", _without("user_id")),
    Fault("user_null", "missing_user", _with(user_id=None)),
    Fault("user_empty", "missing_user", _with(user_id="")),
    Fault("item_absent", "missing_item", _without("item_id")),
    Fault("item_null", "missing_item", _with(item_id=None)),
    Fault("behavior_absent", "missing_behavior", _without("behavior")),
    Fault("behavior_unknown", "unknown_behavior", _with(behavior="teleport")),
    Fault("time_absent", "missing_time", _without("event_time")),
    Fault("time_in_words", "bad_time", _with(event_time="yesterday at noon")),
    Fault("time_no_date", "bad_time", _with(event_time="2026-13-45T25:61:00.000Z")),
    Fault("time_in_future", "time_out_of_range", _moved(days=3)),
    Fault("time_long_ago", "time_out_of_range", _moved(days=-400)),
    Fault("time_zero", "time_out_of_range", _with(event_time="1970-01-01T00:00:00.000Z")),
    Fault("price_negative", "bad_price", _with(price=-9.99)),
    Fault("price_nan", "bad_price", _with_token("price", "NaN")),
    Fault("price_overflow", "bad_price", _with_token("price", "1e400")),
    Fault("price_text", "bad_price", _with(price="call us")),
    Fault("quantity_negative", "bad_quantity", _with(quantity=-2)),
    Fault("quantity_text", "bad_quantity", _with(quantity="many")),
    Fault("quantity_infinite", "bad_quantity", _with_token("quantity", "1e999")),
)


class FaultPlanter:
    """Breaks lines at a low rate, kind after kind in a random order, so that each comes up equally often.

    Below 2 % of all lines and 4 % of a day's; of the oversized kind only two a shop.
    """

    def __init__(self, plan: ShopPlan) -> None:
        self._plan = plan
        expected = plan.users * plan.days * _LINES_PER_USER_DAY
        self._share = min(max(_SHARE, _FEW * len(FAULTS) / expected), _MOST_SHARE)
        self._order = plan.rng("fault order").permutation(len(FAULTS)).tolist()
        self._planted, self._seen, self._turn, self._oversized = 0, 0, 0, 0

    def plant(self, lines: list[str], day: int) -> tuple[list[str], list[int]]:
        """Broken copies of some of the day's sound lines: texts, and places in FAULTS."""
        rng = self._plan.rng("faults", day)
        self._seen += len(lines)
        count = min(int(self._seen * self._share) - self._planted, int(len(lines) * _MOST_DAY_SHARE))
        self._planted += count
        kinds = [self._next_kind() for _ in range(count)]
        models: list[int] = rng.integers(0, max(1, len(lines)), count).tolist()
        return [FAULTS[kind].spoil(json.loads(lines[model])) for kind, model in zip(kinds, models, strict=True)], kinds

    def _next_kind(self) -> int:
        kind = self._order[self._turn % len(FAULTS)]
        self._turn += 1
        if FAULTS[kind].kind == "oversized":
            self._oversized += 1
            if self._oversized > _MOST_OVERSIZED:
                return self._next_kind()
        return int(kind)
