"""The order of the steps: of each job, and of the whole nightly run of a day."""

from collections.abc import Iterator
from datetime import date

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.step import Step
from interest_spark.sources.deliveries import find_deliveries
from interest_spark.steps.attributes import ITEMS, USERS
from interest_spark.steps.bots import BOTS
from interest_spark.steps.categories import CATEGORIES
from interest_spark.steps.daily import DAILY
from interest_spark.steps.evaluate import EVALUATE, cutoff_of
from interest_spark.steps.events import EVENTS
from interest_spark.steps.gates import INGEST_GATE
from interest_spark.steps.popularity import POPULARITY
from interest_spark.steps.restated import RESTATED_SEQUENCES
from interest_spark.steps.score import SCORE
from interest_spark.steps.sequences import SEQUENCES
from interest_spark.steps.sessions import SESSIONS
from interest_spark.steps.training import TRAIN, TRAIN_BLOCKS
from interest_spark.steps.vocab import VOCAB

JOBS: dict[str, tuple[Step, ...]] = {
    "ingest": (ITEMS, USERS, EVENTS, INGEST_GATE),
    "sequences": (DAILY, SESSIONS, BOTS, VOCAB, POPULARITY, CATEGORIES, SEQUENCES, RESTATED_SEQUENCES),
    "train": (TRAIN_BLOCKS, TRAIN),
    "score": (SCORE,),
    "evaluate": (EVALUATE,),
}
"""The steps of each job, in their order. A further step is a file of its own and a place here."""


def job(name: str, context: RunContext) -> Iterator[Work]:
    """The steps of one job for the run's day."""
    for step in JOBS[name]:
        yield step, context


def nightly(context: RunContext) -> Iterator[Work]:
    """The whole run of a day; ask for each step only when those before it are done, as what they made decides.

    A day is judged by the suggestions served `evaluate.horizon_days` before it. Where none were, as on a new
    deployment's first days, with evaluate.backtest they are made first, from what was known then, under a name of
    their own: what was served is never replaced by a judgement of it.
    """
    yield from job("ingest", context)
    cutoff = cutoff_of(context)
    served = context.warehouse.days("recommendations", day=cutoff, name=context.served_model)
    backtest = not served and context.config.evaluate.backtest and _has_events(context, cutoff)
    if backtest:
        earlier = context.on(date.fromisoformat(cutoff), backtest=True)
        for name in ("sequences", "train", "score"):
            yield from job(name, earlier)
    for name in ("sequences", "train", "score"):
        yield from job(name, context)
    if served or backtest or context.warehouse.days("recommendations", day=cutoff, name=context.backtest_model):
        yield from job("evaluate", context)


def _has_events(context: RunContext, cutoff: str) -> bool:
    """Whether there are events up to the cutoff, or will be once what was delivered is ingested."""
    if context.warehouse.days("events", through=cutoff):
        return True
    source = context.config.sources.events
    if not source.by_day:
        return not context.warehouse.days("events")
    first = date.fromisoformat(context.days_before(context.config.ingest.catch_up_days))
    last = date.fromisoformat(cutoff)
    return first <= last and bool(find_deliveries(source, "sources.events", first=first, last=last, required=False))
