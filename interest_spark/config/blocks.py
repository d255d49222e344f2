"""The section `blocks` of the configuration."""

from typing import Literal

from pydantic import Field

from interest_spark.config.section import Section, Share


class BlocksConfig(Section):
    """Packed training blocks: `tokens` per block, several histories in one, or a window of a longer one.

    A token's target is the `next_event`, or an item of the `next_session`: the one after a pause of at least
    `session_gap_minutes`. The latter suits shops whose events come in baskets, since suggestions are for later days.
    Of a `held_out_share` of the users the last target is kept out of training and judges it instead.
    """

    tokens: int = Field(default=200, ge=2)
    target: Literal["next_event", "next_session"] = "next_event"
    session_gap_minutes: int = Field(default=360, ge=1)
    held_out_share: Share = 0.0
    category_buckets: int = Field(default=1024, ge=1)
    files: int = Field(default=4, ge=1, le=65536)
    row_group_blocks: int = Field(default=128, ge=1)
