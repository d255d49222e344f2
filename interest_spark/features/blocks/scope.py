"""Which targets of the histories a training run learns: up to when, and which are new to its parent model."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from interest_spark.config.blocks import HeldOutConfig, HeldOutPeriod
from interest_spark.foundation.dates import day_end, days_since_1970, parse_zone


@dataclass(frozen=True)
class LearningScope:
    """Targets whose events arrived after the day `after_day` or on one of `changed_days`, and the whole histories of
    a `replay_share` of the users, others each day. Without `after_day` all targets.

    Days are counted from 1970-01-01, as in `sequences.arrival_day`. An event belongs to the day that delivered it,
    whenever it happened, so one that arrives late is learnt once it is there. `changed_days` are earlier days whose
    events were delivered, or delivered anew, after the parent model was trained.
    """

    after_day: int | None = None
    changed_days: tuple[int, ...] = ()
    replay_share: float = 0.0

    def holds(self, arrival_day: np.ndarray) -> np.ndarray:
        """Whether events that arrived on these days are new to the model: bool[m].

        >>> LearningScope(after_day=9, changed_days=(4,)).holds(np.array([3, 4, 9, 10])).tolist()
        [False, True, False, True]
        """
        if self.after_day is None:
            return np.ones(len(arrival_day), bool)
        return (arrival_day > self.after_day) | np.isin(arrival_day, self.changed_days)


EVERYTHING = LearningScope()


def scope_after(
    trained_through: str, held_out: HeldOutConfig, replay_share: float, changed_days: tuple[int, ...] = ()
) -> LearningScope:
    """What is left to learn after a parent model made from the sequences of the day `trained_through`.

    Of a period that was held out of its training the parent has learnt nothing, so the days of that are new as well.
    """
    unlearnt_days = held_out.days if isinstance(held_out, HeldOutPeriod) else 0
    last_day = days_since_1970(date.fromisoformat(trained_through))
    return LearningScope(last_day - unlearnt_days, changed_days, replay_share)


def end_of_learning(held_out: HeldOutConfig, day: date, time_zone: str) -> datetime | None:
    """The first instant of the period held out of a run of `day`, in UTC; None where no period is.

    >>> end_of_learning(HeldOutPeriod(days=2), date(2017, 12, 3), "Asia/Shanghai").isoformat()
    '2017-12-01T16:00:00+00:00'
    """
    if not isinstance(held_out, HeldOutPeriod):
        return None
    return day_end(day - timedelta(days=held_out.days), parse_zone(time_zone))
