"""The token columns: what a network may know of an event beside its item, and how many codes each of the menu has.

A code is a small whole number, and 0 is none: padding, or what the shop did not log. Codes are permanent, since
bundles are trained on them; `features.sequences.tokens` computes them.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

INPUTS = {
    "behavior": "behavior",
    "category": "category",
    "price_bucket": "price",
    "time_gap": "event_time",
    "hour": "event_time",
    "weekday": "event_time",
    "session": "event_time",
    "session_place": "event_time",
}
"""Each column with the list of `sequences` that it is computed from."""

MEASURES = {"minute": "event_time"}
"""Columns that are quantities and no codes, for networks that compute with them, with the list that each comes from.

`minute`: minutes since 1970, which 32 bits hold until the year 6053.
"""

USER_COLUMNS = tuple(f"user_attribute_{number}" for number in range(1, 9))
"""Codes of what the shop says of a history's user, the same at each of its tokens, in the order of
`train.network.user_attributes`; null in blocks of networks that look at fewer.
"""

FIRST_CATEGORY_INDEX = 1
"""`categories` numbers from here on; 0 in `sequences` is none."""

PRICE_BUCKETS = 64
TIME_GAP_BUCKETS = 31
LAST_SESSION, LAST_SESSION_PLACE = 127, 63
"""Codes of a history's 127th session and all after it, and of a session's 63rd event and all after it."""

_CODES = {
    "behavior": 32,  # room for behaviors to come: an appended one must not change the shape of a trained table
    "price_bucket": 1 + PRICE_BUCKETS,
    "time_gap": 2 + TIME_GAP_BUCKETS,  # 1 is the first event
    "hour": 1 + 24,
    "weekday": 1 + 7,
    "session": 1 + LAST_SESSION,
    "session_place": 1 + LAST_SESSION_PLACE,
}


class ColumnScheme(BaseModel):
    """What a deployment's codes depend on. Training and scoring must agree in it, so a bundle carries it.

    The first `category_codes` categories, by their permanent numbers, have a code each; those beyond share
    `category_buckets` further ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    category_codes: int = Field(default=4096, ge=1)
    category_buckets: int = Field(default=1024, ge=1)
    time_zone: str = "UTC"  # of hours and weekdays
    session_gap_minutes: int = Field(default=30, ge=1)

    def codes(self, column: str) -> int:
        """How many codes the column has, 0 included: its codes are smaller."""
        return 1 + self.category_codes + self.category_buckets if column == "category" else _CODES[column]


def source_lists(columns: Iterable[str]) -> tuple[str, ...]:
    """The lists of `sequences` that a network which reads these columns needs.

    >>> source_lists(["hour", "minute"])
    ('item_index', 'event_time')
    """
    sources = INPUTS | MEASURES
    return tuple(dict.fromkeys(["item_index", *(sources[name] for name in columns)]))
