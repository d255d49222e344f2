"""The day's histories to a collaborative model in a bundle that scoring can load, in place of a network.

Every model is fitted anew on the histories of all users: its cost grows with users and the items that count of each,
not with the days behind them.
"""

import time
from dataclasses import asdict
from functools import partial

from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.foundation.digest import digest
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.collaborative.fit import FitData, FitPlan, fit
from interest_spark.models.origin import origin_of
from interest_spark.operations.experiments import TrainingRun, check_experiments, record_training
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import own_target, settings_of
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step
from interest_spark.steps.gates import GATES, require_passed
from interest_spark.steps.reads import NUMBERS
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.sealed import check_free
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import spark_schema


def _served_today(context: RunContext, _: Snapshot) -> Selection:
    return {"day": context.dt, "name": context.served_model}


def _already_fitted(context: RunContext, inputs: Inputs) -> str | None:
    """A backtest needs no model of its own where the day's model was fitted in its time."""
    return f"the model of {context.dt} is there" if context.backtest and inputs["models"].slices() else None


def _fit(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    started, plan = time.monotonic(), _plan(context, inputs)
    check_free(plan.bundle)  # before the work, not after it
    check_experiments(context.config.operations.mlflow_folder)
    sequences, vocab = inputs["sequences"], inputs["vocab"]
    data = FitData(sequences.rows(context), tuple(sequences.files()), vocab.rows(context), tuple(vocab.files()))
    made = fit(plan, data)
    row = {
        "model_version": plan.card.model_version,
        "path": f"{BUNDLES}/{plan.card.model_version}",  # below the warehouse, which may be mounted elsewhere one day
        "manifest_sha256": made.manifest_sha256,
        "item_count": made.items,
        "parameters": made.parameters,
        "loss": None,
        "train_seconds": round(time.monotonic() - started, 3),
        "trained_through": context.dt,
        "dt": context.dt,
    }
    frame = context.spark.createDataFrame([row], spark_schema("models").add("dt", "string"))
    details = {"kind": plan.config.kind, "items": made.items, "parameters": made.parameters}
    figures = {"items": made.items, "parameters": made.parameters, "seconds": row["train_seconds"]}
    settings = settings_of(COLLABORATIVE, context)
    run = TrainingRun(context.model, plan.card.model_version, context.dt, str(plan.bundle), settings, figures)
    finish = partial(record_training, context.config.operations.mlflow_folder, run)
    return Result({"models": frame.coalesce(1)}, details={"collaborative": details}, finish=finish)


def _plan(context: RunContext, inputs: Inputs) -> FitPlan:
    config = context.config
    assert config.collaborative is not None
    made = own_target(COLLABORATIVE, context, inputs).made_from[context.dt]
    origin = origin_of(made, inputs)
    # Named by what it is made from: a run that was killed and starts again gives the same model the same name, and
    # other code, which may fit otherwise, leaves the bundle alone that somebody serves.
    version = f"{context.dt}-{context.model}-{digest([asdict(made), origin.code])[:12]}"
    bundle = context.warehouse.root / BUNDLES / version
    return FitPlan(
        card=CollaborativeCard(
            model_version=version, collaborative=config.collaborative, trained_through=context.dt, origin=origin
        ),
        now=day_end(context.day, parse_zone(config.shop.time_zone)),
        buckets=config.spark.shuffle_partitions,
        bundle=bundle,
        work=bundle.parent / f".{version}.{context.run_id}.work",
    )


COLLABORATIVE = Step(
    name="collaborative",
    reads=(
        Read("sequences", required=True, columns=("user_id", "item_index", "behavior", "event_time")),
        NUMBERS,
        Read("models", _served_today, exact=False),
        GATES,
    ),
    writes=("models",),
    settings=("collaborative", "shop.time_zone"),
    irrelevant=("collaborative.name", "collaborative.max_items"),
    revision=1,
    compute=_fit,
    inapplicable=_already_fitted,
    guard=require_passed,
)
