"""Events to one ordered history a user as of the end of the day, carried on from those of an earlier day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from interest_spark.features.day_files import day_files
from interest_spark.features.sequences.build import BOTS, BYTES_A_BUCKET, PEOPLE, HistoryBuild, build_histories
from interest_spark.features.sequences.histories import Window
from interest_spark.foundation.dates import days_since_1970
from interest_spark.foundation.log import get_logger
from interest_spark.pipeline.carry import contents_by_day, earlier_day, recorded
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target, newest_day, through_day
from interest_spark.steps.reads import CATEGORY_NUMBERS, NUMBERS, first_day_of_history, history, require_events
from interest_spark.storage.buckets import buckets_for, buckets_to_go_on


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    made = made_from(step, context, inputs, **recorded(contents_by_day([inputs["events"]])))
    return Target({context.dt: made}, findings=earlier_day(context, made, [inputs[BOTS], inputs[PEOPLE]]))


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    start: str | None = assignment.findings
    earlier = {table: inputs[table].snapshot.files(day=start) for table in (BOTS, PEOPLE)} if start else {}
    all_events = day_files(inputs["events"].snapshot, inputs["events"].slices())
    events = [file for file in all_events if file.day > (start or "")]
    files_of_buckets, size = [file for each in earlier.values() for file in each], sum(file.size for file in events)
    buckets = buckets_to_go_on(files_of_buckets, size, BYTES_A_BUCKET)
    if buckets is None:
        earlier, events = {}, all_events
        wanted = buckets_for(sum(file.size for file in events), BYTES_A_BUCKET)
        buckets = max(wanted, context.config.spark.shuffle_partitions)
    get_logger().info("histories", go_on_from=start if earlier else None, files=len(events), buckets=buckets)
    build = history_build(context, inputs, buckets, earlier)
    return Result(write=lambda folders: build_histories(context.spark, replace(build, folders=folders), events))


def history_build(
    context: RunContext, inputs: Inputs, buckets: int, earlier: Mapping[str, Sequence[str]]
) -> HistoryBuild:
    """How histories as of the run's day are built; the folders are still to be named."""
    settings, first = context.config.sequences, first_day_of_history(context)
    since = None if first is None else days_since_1970(first)
    files = {name: tuple(inputs[name].files()) for name in ("vocab", "items", "categories", "bots")}
    return HistoryBuild(
        **files,
        behaviors=tuple(settings.behaviors),
        window=Window(settings.max_length, since, context.config.shop.time_zone),
        history_after=history(context, inputs["events"].snapshot)["after"] or "",
        day=context.dt,
        buckets=buckets,
        folders={},
        earlier={table: tuple(each) for table, each in earlier.items()},
    )


SEQUENCES = Step(
    name="sequences",
    reads=(
        Read("events", through_day, exact=False, daily=True),
        Read("bots", required=True),
        Read("vocab", alias="new_items", required=True),
        NUMBERS,
        Read("items", newest_day),
        Read("categories", alias="new_categories", required=True),
        CATEGORY_NUMBERS,
        Read(BOTS, through_day, exact=False),
        Read(PEOPLE, through_day, exact=False),
    ),
    writes=(BOTS, PEOPLE),
    settings=("sequences.behaviors", "sequences.max_length", "sequences.history_days", "shop.time_zone"),
    revision=5,
    compute=_compute,
    target=_target,
)
