"""Tables that a day carries on: which earlier day of such a table it may go on from, and what came since.

A slice records what each day of its inputs held. A day goes on from the newest earlier slice all of whose days still
hold the same: so a day that was delivered anew is taken in by going back to before it, and the days since are applied
again. Nothing is ever subtracted.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import COLUMNS_OF
from interest_spark.pipeline.step import Input
from interest_spark.storage.layout import Slice
from interest_spark.storage.run_record import MadeFrom
from interest_spark.storage.snapshot import Snapshot

_OF_DAY = re.compile(r" of \d{4}-\d{2}-\d{2}$")
_DAYS_BACK = 35
"""How far back an earlier slice is looked for; those of histories are kept no longer."""


def contents_by_day(inputs: Iterable[Input]) -> dict[str, str]:
    """What each day of these inputs holds, as `<table> of <day>`: for a step's record."""
    return {
        f"{each.snapshot.table} of {day.day}": each.snapshot.content(day) for each in inputs for day in each.slices()
    }


def day_of(name: str) -> str:
    """The day of a key of `contents_by_day`.

    >>> day_of("events of 2026-01-31")
    '2026-01-31'
    """
    return name.rsplit(" ", 1)[1]


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
    seen = found.inputs if found and same_rules else {}
    changed = {name for name, content in made.inputs.items() if seen.get(name) != content}
    return sorted({day_of(name) for name in changed if _OF_DAY.search(name)})


def holds_of(found: MadeFrom | None, contents: Mapping[str, str], through: str) -> bool:
    """Whether a slice was made from these `contents_by_day` of the days up to `through`, as they are now."""
    if found is None:
        return False
    then = {name: content for name, content in found.inputs.items() if _OF_DAY.search(name)}
    return then == {name: content for name, content in contents.items() if day_of(name) <= through}


def _holds_still(earlier: MadeFrom, now: MadeFrom, through: str) -> bool:
    same_rules = (earlier.step, earlier.revision, earlier.settings) == (now.step, now.revision, now.settings)
    return same_rules and _daily(earlier, through) == _daily(now, through)


def _daily(made: MadeFrom, through: str) -> dict[str, str]:
    """What each day held, and the columns of the tables; nothing else decides about an earlier slice."""
    daily = {name: content for name, content in made.inputs.items() if _OF_DAY.search(name)}
    columns = {name: content for name, content in made.inputs.items() if name.startswith(COLUMNS_OF)}
    return columns | {name: content for name, content in daily.items() if day_of(name) <= through}
