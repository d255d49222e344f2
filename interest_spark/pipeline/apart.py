"""Many days in one go: a step that fails stops only what reads what it would have made."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interest_spark.foundation.errors import BusyError, InterestError, OvertakenError
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.expected import as_expected
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.pipeline.runner import pin, plan_step, run_step
from interest_spark.pipeline.side_by_side import run_side_by_side
from interest_spark.pipeline.step import Step
from interest_spark.pipeline.table_days import ReadDay, TableDays

_ATTEMPTS = 3
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Stop:
    """A step of a day that is not made: it failed with `error`, or waits for one that did. `place`: among the works."""

    place: int
    step: str
    day: str
    reason: str
    error: InterestError | None = None


class StepsApart:
    """Runs steps of many days, which come in the order of what they read; remembers which are not made, and why."""

    def __init__(self) -> None:
        self.stops: list[Stop] = []
        self._missing = TableDays()
        self._lock = threading.Lock()

    @property
    def failures(self) -> list[Stop]:
        """Those that failed themselves."""
        return [stop for stop in self.stops if stop.error is not None]

    def run(
        self,
        works: Sequence[Work],
        threads: int = 1,
        ended: Callable[[int, Outcome], None] = lambda place, outcome: None,
    ) -> Outcome:
        """Run each that is not current and whose inputs are there, at most so many `threads` at once.

        Bad data or a wrong setting stops what depends on the step. Raises BusyError as it comes, after noting it: what
        is away or busy is so for all days. Only a race that was lost to another run is run again, a few times. `ended`
        is told the place and the outcome of each, one at a time.
        """
        outcomes: dict[int, Outcome] = {}

        def run_one(place: int) -> None:
            outcome = self._run(place, *works[place])
            with self._lock:
                outcomes[place] = outcome
                ended(place, outcome)

        run_side_by_side(works, threads, run_one)
        return sum((outcomes[place] for place in range(len(works))), NOTHING_TO_DO)

    def _run(self, place: int, step: Step, context: RunContext) -> Outcome:
        read = self._not_made(step, context)
        if read:
            self._stop(place, step, context, f"{read} is not made: {read.maker} did not succeed", None)
            return NOTHING_TO_DO
        try:
            return _run_again_if_overtaken(step, context)
        except Exception as error:
            expected = as_expected(error)
            if expected is None:
                raise
            self._stop(place, step, context, str(expected), expected)
            if isinstance(expected, BusyError):
                raise expected from error
            return NOTHING_TO_DO

    def _not_made(self, step: Step, context: RunContext) -> ReadDay | None:
        if not self.stops:
            return None
        pinned = pin(step, context)
        with self._lock:
            return self._missing.read_at_all(step, context, pinned)

    def _stop(self, place: int, step: Step, context: RunContext, reason: str, error: InterestError | None) -> None:
        log = get_logger().bind(step=step.name, day=context.dt)
        if error:
            log.error("step failed", reason=reason)
        else:
            log.warning("step waits", reason=reason)
        days = _days_of(step, context)
        with self._lock:
            self.stops.append(Stop(place, step.name, context.dt, reason, error))
            self._missing.add(step, days)


def _run_again_if_overtaken(step: Step, context: RunContext) -> Outcome:
    for attempt in range(1, _ATTEMPTS):
        try:
            return run_step(step, context)
        except OvertakenError as error:
            get_logger().warning("step is run again", step=step.name, day=context.dt, reason=str(error))
            time.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))
            context = context.on(context.day, backtest=context.backtest)  # its files have names of their own
    return run_step(step, context)


def _days_of(step: Step, context: RunContext) -> list[str]:
    """The days that the step would have made; the run's own where it cannot even tell."""
    try:
        return list(plan_step(step, context, pin(step, context)).reasons) or [context.dt]
    except InterestError:
        return [context.dt]
