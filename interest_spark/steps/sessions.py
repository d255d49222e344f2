"""Counts of days to the sessions that have ended lately, carried on from those of an earlier day."""

from datetime import timedelta
from functools import partial

from interest_spark.features.day_files import day_files
from interest_spark.features.sessions import SessionsBuild, buckets_for, build_sessions
from interest_spark.foundation.dates import day_start, parse_zone
from interest_spark.pipeline.carry import contents_by_day, earlier_day
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, through_day


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    made = made_from(step, context, inputs, **contents_by_day([inputs["user_days"]]))
    return Target({context.dt: made}, findings=earlier_day(context, made, [inputs["sessions"]]))


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    config, start = context.config, assignment.findings or ""
    days, known = inputs["user_days"], inputs["sessions"].snapshot
    counts = day_files(days.snapshot, (each for each in days.slices() if each.day > start))
    earlier = day_files(known, known.slices(day=start)) if start else []
    gap = timedelta(minutes=config.sequences.session_gap_minutes)
    # An event of the next delivery happened at most so many days before it, and joins what ended a pause before that.
    oldest = day_start(context.day - timedelta(config.ingest.max_late_days), parse_zone(config.shop.time_zone)) - gap
    build = partial(SessionsBuild, context.dt, gap, oldest, buckets=buckets_for([*counts, *earlier]))

    return Result(
        write=lambda folders: {
            "sessions": build_sessions(context.spark, build(folder=folders["sessions"]), counts, earlier)
        }
    )


SESSIONS = Step(
    name="sessions",
    reads=(
        Read("user_days", through_day, exact=False),  # each day of it stands in the target
        Read("sessions", through_day, exact=False),
    ),
    writes=("sessions",),
    settings=("ingest.max_late_days", "sequences.session_gap_minutes", "shop.time_zone"),
    revision=1,
    compute=_compute,
    target=_target,
)
