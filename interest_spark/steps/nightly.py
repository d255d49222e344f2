"""The order of the steps: of each job, and of the whole nightly run of a day."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from interest_spark.config.collaborative import AlsConfig
from interest_spark.config.deployment import Config
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.step import Inputs, Step
from interest_spark.sources.event_sources import find_event_deliveries
from interest_spark.steps.attributes import CAMPAIGNS, CONSENTS, ITEMS, OPT_OUTS, SEEDS, USERS
from interest_spark.steps.audiences import AUDIENCES
from interest_spark.steps.bots import BOTS
from interest_spark.steps.categories import CATEGORIES
from interest_spark.steps.churn import CHURN_MODEL, CHURN_STEP
from interest_spark.steps.churn_outcomes import CHURN_OUTCOMES
from interest_spark.steps.collaborative import COLLABORATIVE
from interest_spark.steps.coupons import COUPONS_STEP
from interest_spark.steps.daily import DAILY
from interest_spark.steps.evaluate import EVALUATE, cutoff_of
from interest_spark.steps.events import EVENTS
from interest_spark.steps.gates import INGEST_GATE
from interest_spark.steps.interest_days import INTEREST_DAYS
from interest_spark.steps.popularity import POPULARITY
from interest_spark.steps.profiles import CUSTOMER_FEATURES, CUSTOMERS, PROFILES_STEP
from interest_spark.steps.promote import PROMOTE
from interest_spark.steps.restated import RESTATED_SEQUENCES
from interest_spark.steps.score import SCORE, SCORE_BY_CHAMPION
from interest_spark.steps.sequences import SEQUENCES
from interest_spark.steps.sessions import SESSIONS
from interest_spark.steps.tastes import TASTES_BY_CHAMPION, TASTES_STEP
from interest_spark.steps.train_blocks import TRAIN_BLOCKS, days_of_learning
from interest_spark.steps.training import CONTENT_ALS, TRAIN
from interest_spark.steps.vocab import VOCAB

JOBS: dict[str, tuple[Step, ...]] = {
    "ingest": (ITEMS, USERS, CAMPAIGNS, OPT_OUTS, CONSENTS, SEEDS, EVENTS, INGEST_GATE),
    "sequences": (DAILY, SESSIONS, BOTS, VOCAB, POPULARITY, CATEGORIES, SEQUENCES, RESTATED_SEQUENCES),
    "train": (TRAIN_BLOCKS, TRAIN, COLLABORATIVE),
    "promote": (PROMOTE,),
    "score": (SCORE, SCORE_BY_CHAMPION, TASTES_STEP, TASTES_BY_CHAMPION),
    "profiles": (INTEREST_DAYS, CUSTOMERS, CUSTOMER_FEATURES, PROFILES_STEP),
    "coupons": (COUPONS_STEP,),
    "audience": (AUDIENCES,),
    "churn": (CHURN_MODEL, CHURN_STEP, CHURN_OUTCOMES),
    "evaluate": (EVALUATE,),
}
"""The steps of each job, in their order. A further step is a file of its own and a place here."""

_OF_NETWORKS = (TRAIN_BLOCKS, TRAIN)
_BY_SOURCE = (CAMPAIGNS, OPT_OUTS, CONSENTS, SEEDS)
_OF_CHAMPIONS = (PROMOTE, SCORE_BY_CHAMPION, TASTES_BY_CHAMPION)
_OF_NEWEST = (SCORE, TASTES_STEP)
_OF_TASTES = (TASTES_STEP, TASTES_BY_CHAMPION)

_CARRIED = ("ingest", "sequences")  # what each day is needed for by the next


def steps_of(name: str, config: Config, *, backtest: bool = False) -> tuple[Step, ...]:
    """The steps of one job in this deployment: a network is trained, or a collaborative model is fitted; a champion
    serves, or the newest model does, as in every backtest; profiles, tastes, coupons, audiences and warnings of churn
    are made where they are asked for, tastes by no backtest, and campaigns and lists of people read where there are
    such.
    """
    by_newest = config.promote is None or backtest
    left_out = (
        *((COLLABORATIVE,) if config.collaborative is None else _OF_NETWORKS),
        *(_OF_CHAMPIONS if by_newest else _OF_NEWEST),
        *(_OF_TASTES if backtest or config.profiles is None or config.profiles.tastes is None else ()),
        *(JOBS["profiles"] if config.profiles is None else ()),
        *(JOBS["coupons"] if config.coupons is None else ()),
        *(JOBS["audience"] if config.audiences is None else ()),
        *(step for step in _BY_SOURCE if getattr(config.sources, step.name) is None),
        *(JOBS["churn"] if config.churn is None else ()),
    )
    return tuple(step for step in JOBS[name] if step not in left_out)


def job(name: str, context: RunContext) -> Iterator[Work]:
    """The steps of one job for the run's day."""
    if name == "train":
        yield from _content(context)
    for step in steps_of(name, context.config, backtest=context.backtest):
        yield step, context


def before_judging(context: RunContext) -> Iterator[Work]:
    """What a judgement of models that are trained at the cutoff starts from: the histories of then, and, where nobody
    has told yet, who is a machine as of the judged day.
    """
    yield from job("sequences", context.on(date.fromisoformat(cutoff_of(context))))
    if not context.warehouse.days("bots", day=context.dt):
        yield from job("sequences", context)


def _content(context: RunContext) -> Iterator[Work]:
    """What fits the models that the network's content comes from, on the last day that the network learns of."""
    width = context.config.train.network.content.get("als")
    day = days_of_learning(context)["through"]
    if context.config.collaborative is None and width and day:
        als = AlsConfig(name=CONTENT_ALS, factors=width)
        config = context.config.model_copy(update={"collaborative": als})
        step = replace(COLLABORATIVE, inapplicable=_no_histories)
        # Also in a comparison it has its own name: under the network's it would be taken for the network.
        yield step, replace(context.on(date.fromisoformat(day)), config=config, compared_as=None)


def _no_histories(context: RunContext, inputs: Inputs) -> str | None:
    """Where a day has none, as before a deployment's first, an earlier one's content will do."""
    found = inputs["sequences"].slices()
    return COLLABORATIVE.inapplicable(context, inputs) if found else f"there are no histories of {context.dt}"


def only(jobs: Collection[str], works: Iterable[Work]) -> Iterator[Work]:
    """Those of the works that are steps of these jobs; all of them where no job is named."""
    chosen = {step.name for name in jobs for step in JOBS[name]}
    return (work for work in works if not chosen or work[0].name in chosen)


@dataclass(frozen=True)
class Ahead:
    """What a run of several days will have made when a day's turn comes: the days of its events and suggestions."""

    events: Collection[str] = ()
    suggestions: Collection[str] = ()


def backfilled(
    context: RunContext, days: Sequence[date], jobs: Collection[str], served: Collection[date]
) -> dict[date, list[Work]]:
    """The steps of these days, ascending: of some `jobs`, those from training on only for the days to be `served`."""
    chosen = jobs or JOBS.keys()
    works: dict[date, list[Work]] = {}
    for day in days:
        ahead = Ahead(
            [each.isoformat() for each in works] if "ingest" in chosen else (),
            [each.isoformat() for each in works if each in served] if "score" in chosen else (),
        )
        run = context.on(day)
        of_day = nightly(run, ahead) if day in served else (work for name in _CARRIED for work in job(name, run))
        works[day] = list(only(jobs, of_day))
    return works


def nightly(context: RunContext, ahead: Ahead | None = None) -> Iterator[Work]:
    """The whole run of a day; ask for each step only when those before it are done, as what they made decides.

    Where they are all asked for beforehand, `ahead` says what will have been made by then.

    A day is judged by the suggestions served `evaluate.horizon_days` before it. Where none were, as on a new
    deployment's first days, with evaluate.backtest they are made first, from what was known then, under a name of
    their own: what was served is never replaced by a judgement of it.
    """
    yield from job("ingest", context)
    cutoff = cutoff_of(context)
    will_be_served = ahead is not None and cutoff in ahead.suggestions
    served = will_be_served or context.warehouse.days("recommendations", day=cutoff, name=context.served_model)
    backtest = not served and context.config.evaluate.backtest and _has_events(context, cutoff, ahead)
    if backtest:
        earlier = context.on(date.fromisoformat(cutoff), backtest=True)
        for name in ("sequences", "train", "score"):
            yield from job(name, earlier) if ahead is None else _where_events_are(job(name, earlier), cutoff)
    for name in ("sequences", "train", "promote", "score", "profiles", "audience", "coupons", "churn"):
        yield from job(name, context)
    if served or backtest or context.warehouse.days("recommendations", day=cutoff, name=context.backtest_model):
        yield from job("evaluate", context) if ahead is None else _where_events_are(job("evaluate", context), cutoff)


def _where_events_are(works: Iterator[Work], through: str) -> Iterator[Work]:
    """The steps as they apply where it turns out that there are events up to a day."""
    for step, context in works:
        yield replace(step, inapplicable=partial(_inapplicable, step, through)), context


def _inapplicable(step: Step, through: str, context: RunContext, inputs: Inputs) -> str | None:
    if not context.warehouse.days("events", through=through):
        return f"there are no events up to {through}"
    return step.inapplicable(context, inputs)


def _has_events(context: RunContext, cutoff: str, ahead: Ahead | None) -> bool:
    """Whether there are events up to the cutoff, or will be once what was delivered is ingested."""
    will_be_ingested = ahead is not None and any(day <= cutoff for day in ahead.events)
    if will_be_ingested or context.warehouse.days("events", through=cutoff):
        return True
    sources = context.config.sources
    if not sources.by_day:
        return not context.warehouse.days("events")
    first = date.fromisoformat(context.days_before(context.config.ingest.catch_up_days))
    last = date.fromisoformat(cutoff)
    return first <= last and bool(find_event_deliveries(sources, first=first, last=last, required=False))
