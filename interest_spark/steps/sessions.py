"""Counts of days to the sessions that have ended lately, carried on from those of an earlier day."""

from datetime import timedelta
from functools import partial

from interest_spark.features.daily.late import fits_a_worker
from interest_spark.features.day_files import day_files
from interest_spark.features.sessions import BYTES_A_BUCKET, SessionsBuild, build_sessions
from interest_spark.foundation.dates import day_start, parse_zone
from interest_spark.pipeline.carry import contents_by_day, earlier_day, recorded
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, through_day
from interest_spark.storage.buckets import buckets_for, buckets_to_go_on


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    made = made_from(step, context, inputs, **recorded(contents_by_day([inputs["user_days"]])))
    return Target({context.dt: made}, findings=earlier_day(context, made, [inputs["sessions"]]))


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    config, start = context.config, assignment.findings
    days, known = inputs["user_days"], inputs["sessions"].snapshot
    all_counts = day_files(days.snapshot, days.slices())
    counts, earlier = [file for file in all_counts if file.day > (start or "")], known.files(day=start) if start else []
    buckets = buckets_to_go_on(earlier, sum(file.size for file in counts), BYTES_A_BUCKET)
    if buckets is None:
        counts, earlier = all_counts, []
        buckets = buckets_for(sum(file.size for file in counts), BYTES_A_BUCKET)
    gap = timedelta(minutes=config.sequences.session_gap_minutes)
    # An event of the next delivery happened at most so many days before it, and joins what ended a pause before that.
    zone = parse_zone(config.shop.time_zone)
    oldest = day_start(context.day - timedelta(config.ingest.max_late_days), zone) - gap
    build = partial(
        SessionsBuild,
        context.dt,
        gap,
        oldest,
        buckets=buckets,
        earlier=tuple(earlier),
        first_day=oldest.astimezone(zone).date(),
        late_in=tuple(counts) if fits_a_worker(counts) else (),
    )
    return Result(
        write=lambda folders: {"sessions": build_sessions(context.spark, build(folder=folders["sessions"]), counts)}
    )


SESSIONS = Step(
    name="sessions",
    reads=(
        Read("user_days", through_day, exact=False, daily=True),
        Read("sessions", through_day, exact=False),
    ),
    writes=("sessions",),
    settings=("ingest.max_late_days", "sequences.session_gap_minutes", "shop.time_zone"),
    revision=1,
    compute=_compute,
    target=_target,
)
