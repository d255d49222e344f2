"""The section `blocks` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import MOST, Count, Section, SomeDays

SomeShare = Annotated[float, Field(gt=0.0, le=1.0)]


class NothingHeldOut(Section):
    """Everything is learnt, and training is not validated."""

    kind: Literal["none"] = "none"


class HeldOutPeriod(Section):
    """Training is validated on the last `days` up to the run's own: nobody's events in them are learnt.

    For a `share` of the users the last event before the period is to predict its target in it.
    """

    kind: Literal["period"] = "period"
    days: SomeDays = 1
    share: SomeShare = 0.05


class HeldOutLastEvent(Section):
    """Leave-one-out: training is validated on the last target of a `share` of the users, whatever its date.

    Others' later events are learnt, so the figure knows the future. Only for comparison with publications.
    """

    kind: Literal["last_event"] = "last_event"
    share: SomeShare = 0.05


HeldOutConfig = Annotated[NothingHeldOut | HeldOutPeriod | HeldOutLastEvent, Kinds()]


class BlocksConfig(Section):
    """Packed training blocks: `tokens` per block, several histories in one, or a window of a longer one.

    A token's target is the `next_event`, or an item of the `next_session`: the one after a pause of at least
    `sequences.session_gap_minutes`. The latter suits shops whose events come in baskets, since suggestions are for
    later days. `held_out` says which targets are kept out of training to validate it on; their blocks are in files of
    their own, `files` of each kind.

    The first `category_codes` categories have a token code each, those beyond share `category_buckets` further ones.
    Each code costs the model as much as an item, used or not: hence not as many as the largest shop could want.
    """

    tokens: int = Field(default=200, ge=2, le=MOST)
    target: Literal["next_event", "next_session"] = "next_event"
    held_out: HeldOutConfig = NothingHeldOut()
    category_codes: Count = 4096
    category_buckets: Count = 1024
    files: int = Field(default=4, ge=1, le=32768)
    row_group_blocks: Count = 128
