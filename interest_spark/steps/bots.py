"""Counts of days to the users whose traffic is a machine's, carried on from those of an earlier day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from interest_spark.features.bots import BYTES_A_BUCKET, BotsBuild, find_machines
from interest_spark.features.daily.late import fits_a_worker
from interest_spark.features.day_files import day_files
from interest_spark.pipeline.carry import contents_by_day, earlier_day, recorded
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, through_day
from interest_spark.steps.reads import first_day_of_history, require_events
from interest_spark.storage.buckets import buckets_for


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    made = made_from(step, context, inputs, **recorded(contents_by_day([inputs["user_days"]])))
    return Target({context.dt: made}, findings=earlier_day(context, made, [inputs["bot_days"], inputs["bots"]]))


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    config, days, start = context.config, inputs["user_days"], assignment.findings or ""
    # A user's day of which something came since may have had events in all the deliveries that it can lie in.
    oldest = _days_before(start, config.ingest.max_late_days) if start else ""
    counts = day_files(days.snapshot, (each for each in days.slices() if each.day > oldest))
    known = inputs["bot_days"].snapshot
    earlier = day_files(known, known.slices(day=start)) if start else []
    first_day, buckets = first_day_of_history(context), buckets_for(sum(file.size for file in counts), BYTES_A_BUCKET)
    new = tuple(file for file in counts if file.day > start)
    late_in = new if fits_a_worker(new) else ()

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        build = BotsBuild(context.dt, config.bots, start, first_day, folders, buckets, late_in)
        return find_machines(context.spark, build, counts, earlier)

    return Result(write=write)


def _days_before(day: str, days: int) -> str:
    return (date.fromisoformat(day) - timedelta(days)).isoformat()


BOTS = Step(
    name="bots",
    reads=(
        Read("events", through_day, exact=False),
        Read("user_days", through_day, exact=False, daily=True),
        Read("bot_days", through_day, exact=False),
        Read("bots", through_day, exact=False),
    ),
    writes=("bot_days", "bots"),
    settings=("bots", "ingest.max_late_days", "sequences.history_days"),
    revision=2,
    compute=_compute,
    target=_target,
)
