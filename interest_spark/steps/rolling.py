"""One way of training judged on many days: as if it had been trained on each of them, under a name of its own.

Every judged day is an evaluation with a cutoff of its own, `evaluate.horizon_days` before it; no figure of it follows
from what came after (rolling-origin evaluation: Tashman, International Journal of Forecasting 16, 2000).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.steps.contenders import Contender
from interest_spark.steps.evaluate import check_length
from interest_spark.steps.nightly import before_judging, job

_ROLLING = "rolling-"


def rolled(context: RunContext) -> RunContext:
    """The run whose figures are the backtest's: what it makes replaces nothing that was served or compared."""
    return replace(context, compared_as=_ROLLING + context.config.model_name)


def days_to_judge(first: date, last: date, every: int) -> list[date]:
    """The first day and each that is a multiple of `every` days after it, up to the last."""
    return [first + timedelta(days) for days in range(0, (last - first).days + 1, every)]


def rolling(context: RunContext, days: Sequence[date]) -> dict[date, list[Work]]:
    """The steps of each judged day: histories of its cutoff, a model trained on them alone, its lists, the figures."""
    check_length(context)
    return {day: list(_works(context.on(day))) for day in days}


def _works(context: RunContext) -> Iterator[Work]:
    yield from before_judging(context)
    contender = Contender(_ROLLING + context.config.model_name, context.config)
    for name in ("train", "score"):
        yield from job(name, contender.context(context))
    yield from job("evaluate", rolled(context))
