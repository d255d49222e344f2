"""The steps of many days: planned, or run so that one day's failure stops only what depends on it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from interest_spark.foundation.errors import BusyError, ConfigError, InterestError
from interest_spark.foundation.log import Progress, progress
from interest_spark.pipeline.apart import StepsApart, Stop
from interest_spark.pipeline.graph import Prospect, Work, plan_steps
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome

DayWorks = Mapping[date, Sequence[Work]]
"""What is to be done on each day, in order."""


def every_nth(days: Sequence[date], step: int) -> set[date]:
    """The last of the days and each that is a multiple of `step` days before it."""
    return {day for day in days if not (days[-1] - day) % timedelta(step)}


def check_days(first: date, last: date) -> None:
    """Raise ConfigError unless the first day of a range is not after its last."""
    if first > last:
        raise ConfigError(f"--from {first} is after --day {last}; name the earlier day with --from")


def plan_days(days: DayWorks, shown: Callable[[Sequence[Prospect]], None]) -> Outcome:
    """What `run_days` would make, and why, is `shown` and reported; nothing is touched."""
    missing = [each for each in plan_steps(work for works in days.values() for work in works) if each.would_run]
    shown(missing)
    by_day: dict[str, dict[str, str]] = {}
    for each in missing:
        by_day.setdefault(each.day, {})[each.step] = each.reason
    return Outcome("would_run" if missing else "nothing_to_do", details={"days": by_day})


def run_days(days: DayWorks, parallel: int = 1, what: str = "backfill") -> Outcome:
    """Make what is not current, at most `parallel` steps at once; the outcome says what became of each day.

    `what` it is called where its progress is shown.

    A failure that is temporary ends everything, any other what depends on it; it is the outcome's `error`.
    """
    works = [work for each in days.values() for work in each]
    apart = StepsApart()
    with progress(what, "days") as bar:
        record = _DaysRecord(days, bar)
        with suppress(BusyError):  # it is among the stops
            apart.run(works, parallel, record.add)
    return replace(record.outcome(apart.stops), error=_error_of(apart))


class _DaysRecord:
    """What has become of each day so far, told to a progress bar whenever a day is over."""

    def __init__(self, days: DayWorks, bar: Progress) -> None:
        self._day_of = [day for day, works in days.items() for _ in works]
        self._left = {day: len(works) for day, works in days.items()}
        self._outcomes = dict.fromkeys(days, NOTHING_TO_DO)
        self._bar = bar

    def add(self, place: int, outcome: Outcome) -> None:
        """The step at that place of all has ended."""
        day = self._day_of[place]
        self._outcomes[day] += outcome
        self._left[day] -= 1
        if not self._left[day]:
            over = [each for each, left in self._left.items() if not left]
            # Days that were there already took no time, and say nothing of the time that the others take.
            current = sum(self._outcomes[each].status == NOTHING_TO_DO.status for each in over)
            made, wanted = len(over) - current, len(self._left) - current
            self._bar.update(made, wanted, day=day.isoformat(), current=current)

    def outcome(self, stops: Sequence[Stop]) -> Outcome:
        """Of all days together."""
        failed = {self._day_of[each.place] for each in stops}
        not_made = [{"day": each.day, "step": each.step, "reason": each.reason} for each in stops]
        details: dict[str, Any] = {"days": {day.isoformat(): self._status(day, failed) for day in self._left}}
        details |= {"not_made": not_made} if not_made else {}
        return replace(sum(self._outcomes.values(), NOTHING_TO_DO), details=details)

    def _status(self, day: date, failed: set[date]) -> str:
        if day in failed:
            return "failed"
        return "not_finished" if self._left[day] else self._outcomes[day].status


def _error_of(apart: StepsApart) -> InterestError | None:
    """What ends the job: the first failure that a retry cannot mend, else the first of all."""
    failures = [each.error for each in apart.failures if each.error is not None]
    if not failures:
        return None
    worst = next((each for each in failures if not isinstance(each, BusyError)), failures[0])
    first = next(each for each in apart.failures if each.error is worst)
    waiting = len(apart.stops) - len(failures)
    return type(worst)(
        f"{len(failures)} steps failed and {waiting} wait for them; first {first.step} of {first.day}: {worst}; "
        "then run the same command again"
    )
