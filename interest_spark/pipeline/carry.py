"""Tables that a day carries on: which earlier day of such a table it may go on from, and what came since.

A slice records what each day of its inputs held. A day goes on from the newest earlier slice all of whose days still
hold the same: so a day that was delivered anew is taken in by going back to before it, and the days since are applied
again. Nothing is ever subtracted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import COLUMNS_OF
from interest_spark.pipeline.step import Input
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import MadeFrom
from interest_spark.storage.snapshot import Snapshot

_NAME = re.compile(r"(.+) of (\d{4}-\d{2}-\d{2})")
_DAYS_BACK = 35
"""How far back an earlier slice is looked for; those of histories are kept no longer."""


@dataclass(frozen=True, order=True)
class TableDay:
    """A day of a table; its text is what a step's record calls it.

    >>> str(TableDay("events", "2026-01-31"))
    'events of 2026-01-31'
    """

    table: str
    day: str

    def __str__(self) -> str:
        return f"{self.table} of {self.day}"


def contents_by_day(inputs: Iterable[Input]) -> dict[TableDay, str]:
    """What each day of these inputs holds."""
    return {
        TableDay(each.snapshot.table, day.day): each.snapshot.content(day) for each in inputs for day in each.slices()
    }


def recorded(contents: Mapping[TableDay, str]) -> dict[str, str]:
    """The contents as a step's record has them."""
    return {str(each): content for each, content in contents.items()}


def recorded_days(made: MadeFrom) -> dict[TableDay, str]:
    """What each day of its inputs held when a slice was made, as far as its record tells days apart."""
    named = ((_NAME.fullmatch(name), content) for name, content in made.inputs.items())
    return {TableDay(found[1], found[2]): content for found, content in named if found}


def earlier_day(context: RunContext, made: MadeFrom, tables: Sequence[Input]) -> str | None:
    """The newest day before the run's own whose slices of `tables` it can go on from; None if there is none.

    `made`: what the run's own slice will be made from, with `contents_by_day`.
    """
    if context.rebuild:
        return None
    last = tables[-1].snapshot
    days = last.days(after=context.days_before(_DAYS_BACK + 1), through=context.days_before(1))
    for day in reversed(days):
        slices = [(each.snapshot, Slice(day)) for each in tables]
        if len({snapshot.content(each) if snapshot.files_of(each) else "" for snapshot, each in slices}) > 1:
            continue  # a run that was killed between its commits has replaced only some of them
        found = last.made_from(Slice(day))
        if found and _holds_still(found, made, through=day):
            return day
    return None


def changed_days(context: RunContext, made: MadeFrom, table: Snapshot) -> list[str]:
    """The days of the inputs that the newest slice of `table` before the run's own day has not seen as they are now."""
    days = table.days(through=context.days_before(1))
    found = table.made_from(Slice(days[-1])) if days and not context.rebuild else None
    same_rules = found and (found.revision, found.settings) == (made.revision, made.settings)
    seen = recorded_days(found) if found and same_rules else {}
    return sorted({each.day for each, content in recorded_days(made).items() if seen.get(each) != content})


def holds_of(found: MadeFrom | None, contents: Mapping[TableDay, str], through: str) -> bool:
    """Whether a slice was made from these `contents_by_day` of the days up to `through`, as they are now."""
    return found is not None and recorded_days(found) == _up_to(contents, through)


def _holds_still(earlier: MadeFrom, now: MadeFrom, through: str) -> bool:
    same_rules = (earlier.step, earlier.revision, earlier.settings) == (now.step, now.revision, now.settings)
    # What each day held, and the columns of the tables: nothing else decides about an earlier slice.
    return (
        same_rules
        and _columns(earlier) == _columns(now)
        and _up_to(recorded_days(earlier), through) == _up_to(recorded_days(now), through)
    )


def _columns(made: MadeFrom) -> dict[str, str]:
    return {name: content for name, content in made.inputs.items() if name.startswith(COLUMNS_OF)}


def _up_to(contents: Mapping[TableDay, str], through: str) -> dict[TableDay, str]:
    return {each: content for each, content in contents.items() if each.day <= through}
