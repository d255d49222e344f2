"""Steps in the order of what they read: run one after another, or looked at beforehand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.pipeline.runner import pin, plan_step, run_step
from interest_spark.pipeline.step import Step
from interest_spark.pipeline.table_days import TableDays

Work = tuple[Step, RunContext]
"""A step and the run, hence the day, that it is for."""


@dataclass(frozen=True)
class Prospect:
    """What running a step would do: `state` is `current`, `would run` or `does not apply`, and why."""

    step: str
    day: str
    state: str
    reason: str = ""

    @property
    def would_run(self) -> bool:
        return self.state == "would run"


def run_steps(works: Iterable[Work]) -> Outcome:
    """Run each that is not current; the first failure ends it."""
    outcome = NOTHING_TO_DO
    for step, context in works:
        outcome += run_step(step, context)
    return outcome


def plan_steps(works: Iterable[Work]) -> Iterator[Prospect]:
    """What `run_steps` would do, and why; nothing is touched.

    A step that would run gives its tables new content, so every later step that reads that content would run too.
    """
    remade = TableDays()
    for step, context in works:
        pinned = pin(step, context)
        plan = plan_step(step, context, pinned)
        read = remade.read_of_result(step, context, pinned, plan.target.made_from)
        because = f"{read} would be made anew by {read.maker}" if read else ""
        own = "; ".join(dict.fromkeys(plan.reasons.values()))
        if plan.inapplicable and not because:
            yield Prospect(step.name, context.dt, "does not apply", plan.inapplicable)
        elif own or because:
            remade.add(step, plan.reasons or [context.dt])
            yield Prospect(step.name, context.dt, "would run", own or because)
        else:
            yield Prospect(step.name, context.dt, "current")
