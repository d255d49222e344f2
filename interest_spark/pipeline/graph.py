"""Steps in the order of what they read: run one after another, or looked at beforehand."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import NOTHING_TO_DO, Outcome
from interest_spark.pipeline.runner import Pinned, pin, plan_step, run_step
from interest_spark.pipeline.step import Selection, Step, newest_day

Work = tuple[Step, RunContext]
"""A step and the run, hence the day, that it is for."""


@dataclass(frozen=True)
class Prospect:
    """What running a step would do: `state` is `current`, `would run` or `does not apply`, and why."""

    step: str
    day: str
    state: str
    reason: str = ""


class _Remade:
    """The days of tables that earlier steps of the plan would make anew."""

    def __init__(self) -> None:
        self._step_by_day: dict[str, dict[str, str]] = defaultdict(dict)

    def add(self, step: Step, days: Iterable[str]) -> None:
        for table in step.writes:
            self._step_by_day[table].update(dict.fromkeys(days, step.name))

    def reason(self, step: Step, context: RunContext, pinned: Pinned) -> str:
        """Which input of the step would be made anew and by which step, "" if none."""
        for read in step.reads:
            if not read.exact:
                continue
            selection = pinned.inputs[read.name].selection
            if read.select is newest_day:
                selection = {"through": context.dt}
            for day, maker in self._step_by_day[read.table].items():
                if _is_within(day, selection):
                    return f"input {read.name} of {day} would be made anew by {maker}"
        return ""


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
    remade = _Remade()
    for step, context in works:
        pinned = pin(step, context)
        plan = plan_step(step, context, pinned)
        because = remade.reason(step, context, pinned)
        own = "; ".join(dict.fromkeys(plan.reasons.values()))
        if plan.inapplicable and not because:
            yield Prospect(step.name, context.dt, "does not apply", plan.inapplicable)
        elif own or because:
            remade.add(step, plan.reasons or [context.dt])
            yield Prospect(step.name, context.dt, "would run", own or because)
        else:
            yield Prospect(step.name, context.dt, "current")


def _is_within(day: str, selection: Selection) -> bool:
    """Whether the day is one of those that the selection asks for."""
    only, after, through = (selection.get(key) for key in ("day", "after", "through"))
    return (only is None or day == only) and (after is None or day > after) and (through is None or day <= through)
