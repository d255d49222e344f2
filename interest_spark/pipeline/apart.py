"""Many days in one go: a step that fails stops only what reads what it would have made."""

from collections.abc import Iterable
from dataclasses import dataclass

from interest_spark.foundation.errors import BusyError, InterestError
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.expected import as_expected
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.pipeline.runner import pin, plan_step, run_step
from interest_spark.pipeline.step import Step
from interest_spark.pipeline.table_days import TableDays


@dataclass(frozen=True)
class Stop:
    """A step of a day that is not made: it failed with `error`, or waits for one that did."""

    step: str
    day: str
    reason: str
    error: InterestError | None = None


class StepsApart:
    """Runs steps of many days, which come in the order of what they read; remembers which are not made, and why."""

    def __init__(self) -> None:
        self.stops: list[Stop] = []
        self._missing = TableDays()

    @property
    def failures(self) -> list[Stop]:
        """Those that failed themselves."""
        return [stop for stop in self.stops if stop.error is not None]

    def run(self, works: Iterable[Work]) -> Outcome:
        """Run each that is not current and whose inputs are there.

        Bad data or a wrong setting stops what depends on the step. Raises BusyError as it comes, after noting it: what
        is away or busy is so for all days.
        """
        outcome = NOTHING_TO_DO
        for step, context in works:
            read = self._missing.read_at_all(step, context, pin(step, context))
            if read:
                self._stop(step, context, f"{read} is not made: {read.maker} did not succeed", None)
                continue
            try:
                outcome += run_step(step, context)
            except Exception as error:
                expected = as_expected(error)
                if expected is None:
                    raise
                self._stop(step, context, str(expected), expected)
                if isinstance(expected, BusyError):
                    raise expected from error
        return outcome

    def _stop(self, step: Step, context: RunContext, reason: str, error: InterestError | None) -> None:
        log = get_logger().bind(step=step.name, day=context.dt)
        if error:
            log.error("step failed", reason=reason)
        else:
            log.warning("step waits", reason=reason)
        self.stops.append(Stop(step.name, context.dt, reason, error))
        self._missing.add(step, _days_of(step, context))


def _days_of(step: Step, context: RunContext) -> list[str]:
    """The days that the step would have made; the run's own where it cannot even tell."""
    try:
        return list(plan_step(step, context, pin(step, context)).reasons) or [context.dt]
    except InterestError:
        return [context.dt]
