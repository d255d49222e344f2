"""Counts of days to permanent numbers for items that have none yet."""

from interest_spark.features.day_files import day_files
from interest_spark.features.vocab import VocabBuild, number_items
from interest_spark.pipeline.carry import changed_days, contents_by_day, recorded
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import made_from
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Step, Target
from interest_spark.steps.reads import NUMBERS, history, require_events


def _target(step: Step, context: RunContext, inputs: Inputs) -> Target:
    """The run's own day, for which only days are looked at of which no earlier one has numbered the items.

    An item of a machine is numbered, too: who is one today may be none tomorrow.
    """
    made = made_from(step, context, inputs, **recorded(contents_by_day([inputs["item_days"]])))
    return Target({context.dt: made}, findings=changed_days(context, made, inputs["vocab"].snapshot))


def _compute(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    require_events(context, inputs)
    counts, vocab = inputs["item_days"], inputs["vocab"]
    changed = (each for each in counts.slices() if each.day in assignment.findings)

    def build(folder: str) -> VocabBuild:
        return VocabBuild(
            counts=tuple(day_files(counts.snapshot, changed)),
            known=tuple(vocab.files()),
            given_today=tuple(vocab.snapshot.files(day=context.dt)),
            behaviors=context.config.sequences.behaviors,
            day=context.dt,
            folder=folder,
        )

    return Result(write=lambda folders: {"vocab": number_items(context.spark, build(folders["vocab"]))})


VOCAB = Step(
    name="vocab",
    reads=(
        Read("events", history, exact=False),
        Read("item_days", history, exact=False, daily=True),
        NUMBERS,
    ),
    writes=("vocab",),
    settings=("sequences.behaviors", "sequences.history_days"),
    revision=2,
    compute=_compute,
    exclusive=True,
    target=_target,
)
