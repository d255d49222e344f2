"""Which steps may be at work at once: what a step reads and makes, told before anything is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import Work
from interest_spark.pipeline.step import Newest, Read, Selection, Step
from interest_spark.storage.snapshot import Snapshot

_FIRST, _LAST = "", "~"  # before and after every day


@dataclass(frozen=True)
class DayRange:
    """The days after `after` up to `through`."""

    after: str
    through: str

    @classmethod
    def of(cls, selection: Selection) -> "DayRange":
        """Those that a selection asks for."""
        day = selection.get("day")
        if day:
            return cls((date.fromisoformat(day) - timedelta(1)).isoformat(), day)
        if day == "":
            return cls(_FIRST, _FIRST)
        return cls(selection.get("after") or _FIRST, selection.get("through") or _LAST)

    def overlaps(self, other: "DayRange") -> bool:
        """Whether a day is in both."""
        return max(self.after, other.after) < min(self.through, other.through)


@dataclass(frozen=True)
class _Claim:
    """Days of a table that a step reads; of a `permanent` input it does not matter what is added meanwhile."""

    table: str
    days: DayRange
    permanent: bool = False


@dataclass(frozen=True)
class Claims:
    """What the step of one day reads, and which days of its tables it may make."""

    step: str
    reads: tuple[_Claim, ...]
    writes: frozenset[str]
    makes: DayRange

    def must_follow(self, earlier: "Claims") -> bool:
        """Whether the step has to wait for the end of one that stands before it.

        It does if it may read what that one makes or make anew what that one reads, or if both may make the same: of
        a table that two steps write, each has slices of its own.
        """
        return (
            any(each.table in earlier.writes and each.days.overlaps(earlier.makes) for each in self.reads)
            or any(
                each.table in self.writes and not each.permanent and each.days.overlaps(self.makes)
                for each in earlier.reads
            )
            or (self.step == earlier.step and self.makes.overlaps(earlier.makes))
        )


def claims_of(work: Work, tables: Mapping[str, Snapshot]) -> Claims:
    """Of a step of a day. `tables` are those that it reads, whatever they hold by now."""
    step, context = work
    reads = tuple(_claim(read, context, tables[read.table]) for read in step.reads)
    return Claims(step.name, reads, frozenset(step.writes), DayRange.of(step.makes(context)))


def tables_of(step: Step) -> set[str]:
    """The tables that a step reads."""
    return {read.table for read in step.reads}


def _claim(read: Read, context: RunContext, table: Snapshot) -> _Claim:
    # Which day is the newest is known only once those before it are made: it can be any of them.
    selection = read.select.among(context) if isinstance(read.select, Newest) else read.select(context, table)
    return _Claim(read.table, DayRange.of(selection), read.permanent)
