"""What a step is: a declaration of what it reads, writes and depends on, and one function that computes it.

Everything else is the runner's: pinning inputs, telling whether the step is current, staging, committing, reporting.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from interest_spark.pipeline.context import RunContext
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import MadeFrom
from interest_spark.storage.snapshot import Snapshot

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Selection = Mapping[str, str | None]
"""Which slices of a table: the keywords of Snapshot's methods."""

NOTHING: Selection = {"day": ""}
"""The selection that no slice is in."""


def own_day(context: RunContext, _: Snapshot) -> Selection:
    """The run's own day."""
    return {"day": context.dt}


def own_model(context: RunContext, _: Snapshot) -> Selection:
    """The run's own day of the run's own model."""
    return {"day": context.dt, "name": context.model}


def whole_table(context: RunContext, _: Snapshot) -> Selection:
    """All that the table holds, also of later days: for what is permanent, such as the numbers of items."""
    return {}


def through_day(context: RunContext, _: Snapshot) -> Selection:
    """The run's own day and all before it."""
    return {"through": context.dt}


@dataclass(frozen=True)
class Newest:
    """Selects the newest committed day `among` those of a selection; nothing where none of them is committed."""

    among: Callable[[RunContext], Selection]

    def __call__(self, context: RunContext, table: Snapshot) -> Selection:
        """The selection of that day."""
        days = table.days(**self.among(context))
        return {"day": days[-1]} if days else NOTHING


def makes_own_day(context: RunContext) -> Selection:
    """Of a step that makes slices of the run's own day alone."""
    return {"day": context.dt}


def makes_through_day(context: RunContext) -> Selection:
    """Of a step that may also make slices of any day before the run's own."""
    return {"through": context.dt}


newest_day = Newest(makes_through_day)
"""The newest committed day up to the run's own, for tables that hold all there is as of each day."""


@dataclass(frozen=True)
class Read:
    """One input: the slices of a table that `select` names. `alias` tells several inputs from one table apart.

    The days that it names follow from the run alone, or it is a `Newest`: which steps may be at work beside this one is
    told by them before anything is made.

    `required`: without a committed slice, and the `columns` in it (None: all), the step cannot run. `exact`: the
    step's result follows from what the input holds; where something is merely looked up, as permanent numbers are,
    it is not. `daily`: the result does follow from it, but the step's target itself says from which days, one by one.
    `by_day`: each slice of the result follows from the same day of the input, and from no other.
    `late`: a slice follows from what the input holds of so many days after it, up to the run's own. `compared`: what is
    made is merely compared with the input; a day of it that could not be made stops nothing.
    """

    table: str
    select: Callable[[RunContext, Snapshot], Selection] = own_day
    alias: str = ""
    required: bool = False
    columns: tuple[str, ...] | None = None
    exact: bool = True
    daily: bool = False
    by_day: bool = False
    late: Callable[[RunContext], int] | None = None
    compared: bool = False

    @property
    def permanent(self) -> bool:
        """Whether what others add to the input while the step is at work changes nothing in its result."""
        return self.select is whole_table and not self.exact

    @property
    def name(self) -> str:
        """What the input is called in the step."""
        return self.alias or self.table


@dataclass(frozen=True)
class Input:
    """One pinned input: a selection of a table's slices at the version that it had when the step began."""

    snapshot: Snapshot
    selection: Selection

    def rows(self, context: RunContext) -> "DataFrame":
        """The rows, with the column that names slices, if any, and `dt`."""
        return self.snapshot.read(context.spark, **self.selection)

    def files(self) -> list[str]:
        """Absolute paths of the files, sorted."""
        return self.snapshot.files(**self.selection)

    def slices(self) -> list[Slice]:
        """The committed slices, ascending."""
        return self.snapshot.slices(**self.selection)

    def content_id(self) -> str:
        """A digest of what the slices hold."""
        return self.snapshot.content_id(**self.selection)


Inputs = Mapping[str, Input]


@dataclass(frozen=True)
class Target:
    """What a step is to make: what each day is `made_from`, and for whom.

    `whole_table`: it will be all that the tables hold of the step's name. `in_order`: a day that is made anew makes
    the days after it stale. `model`: whose slices are made, the run's own if None. `findings`: what was found out on
    the way and `compute` needs again. `again`: days that are made although they are current, with the reason. `files`:
    what the record of the run says of raw files, known once they are read.
    """

    made_from: Mapping[str, MadeFrom]
    whole_table: bool = False
    in_order: bool = False
    model: str | None = None
    findings: Any = None
    again: Mapping[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """`frames` by table, each with the table's own columns and `dt`; `row_group_rows` by table, where they matter.

    `write` is for tables whose files tasks write themselves: it gets the folder of each table that is not in `frames`,
    and returns the paths of the files that it has written there, in a whole-table run of whatever days. `check` gets
    the files of each table that are about to be committed and may raise: then nothing is. `finish` is called once
    everything is committed. `details` are for the report. What was `persisted` is released in the end.
    """

    frames: Mapping[str, "DataFrame"] = field(default_factory=dict)
    row_group_rows: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Mapping[str, Sequence[str]]], None] = lambda files: None
    finish: Callable[[], None] = lambda: None
    write: Callable[[Mapping[str, str]], Mapping[str, Sequence[str]]] | None = None
    persisted: "Sequence[DataFrame]" = ()


@dataclass(frozen=True)
class Assignment:
    """What `compute` is to do: the `days` to make, ascending, and the target's findings."""

    days: Sequence[str]
    findings: Any = None


def always(context: RunContext, inputs: Inputs) -> str | None:
    """Of a step that always applies."""
    return None


@dataclass(frozen=True)
class Step:
    """One step of the pipeline.

    `writes` are committed in this order; a day is current when it is in the last one. `settings` are the
    configuration keys, or whole sections, that the result depends on, without those in `irrelevant`. `revision` is
    raised when a change of the code changes the result: then the step, and what depends on it, is computed anew.
    `compute` gets the pinned inputs by name and what to do. `exclusive`: the result depends on all that the step's
    tables hold, so no other commit may come in between. `target` says what is to be made, usually the run's own day;
    `makes` are the days that it can be, whatever is committed. `inapplicable` gives the reason why there is nothing to
    be made at all, or None. `guard` raises BadDataError where an input must not be used, whether or not anything is to
    be made.
    """

    name: str
    reads: tuple[Read, ...]
    writes: tuple[str, ...]
    settings: tuple[str, ...]
    revision: int
    compute: Callable[[RunContext, Inputs, Assignment], Result]
    irrelevant: tuple[str, ...] = ()
    exclusive: bool = False
    target: "Callable[[Step, RunContext, Inputs], Target] | None" = None
    inapplicable: Callable[[RunContext, Inputs], str | None] = always
    makes: Callable[[RunContext], Selection] = makes_own_day
    guard: Callable[[RunContext, Inputs], None] = lambda context, inputs: None
