"""The whole nightly run of a day, in one Spark application; what is committed already is skipped."""

import time
from collections.abc import Callable
from datetime import timedelta

from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.job import NOTHING_TO_DO, JobContext, Outcome, job_command, main
from jobs import evaluate, ingest, score, sequences, train

Step = Callable[[JobContext], Outcome]

_PUBLISH: tuple[tuple[str, Step], ...] = (
    ("sequences", sequences.run),
    ("train", train.run),
    ("score", score.run),
)


def run(context: JobContext) -> Outcome:
    """Ingest, build sequences, train, score and judge; with evaluate.backtest also what the judging needs.

    A day is judged by the suggestions published `evaluate.horizon_days` before it. Where those are missing,
    as on a new deployment's first days, they are made first from what was known then.
    """
    outcome = _run_step(context, "ingest", ingest.run)
    cutoff = JobContext(context.config, context.day - timedelta(days=context.config.evaluate.horizon_days))
    if context.config.evaluate.backtest and context.warehouse.files("events", through=cutoff.dt):
        _run_steps(cutoff)
    outcome += _run_steps(context)
    if context.warehouse.committed("recommendations", cutoff.dt):
        outcome += _run_step(context, "evaluate", evaluate.run)
    return outcome


def _run_steps(context: JobContext) -> Outcome:
    outcome = NOTHING_TO_DO
    for name, step in _PUBLISH:
        outcome += _run_step(context, name, step)
    return outcome


def _run_step(context: JobContext, name: str, step: Step) -> Outcome:
    log = get_logger().bind(step=name, day=context.dt)
    log.info("step started")
    started = time.monotonic()
    outcome = step(context)
    log.info(
        "step finished", status=outcome.status, seconds=round(time.monotonic() - started, 1), rows=dict(outcome.rows)
    )
    return outcome


command = job_command("daily", run)

if __name__ == "__main__":
    main(command)
