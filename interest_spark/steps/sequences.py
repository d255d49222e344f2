"""Events to one ordered history a user as of the end of the day."""

from collections.abc import Mapping, Sequence

from interest_spark.features.sequences.build import EventFile, HistoryBuild, buckets_for, build_histories
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, newest_day, through_day
from interest_spark.steps.reads import CATEGORY_NUMBERS, NUMBERS, history, require_events


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    settings, files = context.config.sequences, {name: tuple(each.files()) for name, each in inputs.items()}
    events = _event_files(inputs)
    buckets = buckets_for(events, context.config.spark.shuffle_partitions)

    def write(folders: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        build = HistoryBuild(
            vocab=files["vocab"],
            items=files["items"],
            categories=files["categories"],
            bots=files["bots"],
            behaviors=tuple(settings.behaviors),
            max_length=settings.max_length,
            day=context.dt,
            buckets=buckets,
            folder=folders["sequences"],
        )
        return {"sequences": build_histories(context.spark, build, events)}

    return Result(write=write)


def _event_files(inputs: Inputs) -> list[EventFile]:
    """Every file of events up to the day: also who had an event long ago has a row."""
    history_days = {each.day for each in inputs["events"].slices()}
    snapshot = inputs["all_events"].snapshot
    return [
        EventFile(f"{snapshot.folder}/{path}", snapshot.size_of(path), each.day, each.day in history_days)
        for each in inputs["all_events"].slices()
        for path in snapshot.files_of(each)
    ]


SEQUENCES = Step(
    name="sequences",
    reads=(
        Read("events", history),
        Read("bots", required=True),
        Read("vocab", alias="new_items", required=True),
        NUMBERS,
        Read("items", newest_day),
        Read("categories", alias="new_categories", required=True),
        CATEGORY_NUMBERS,
        Read("events", through_day, alias="all_events"),
    ),
    writes=("sequences",),
    settings=("sequences.behaviors", "sequences.max_length", "sequences.history_days"),
    revision=4,
    compute=_compute,
)
