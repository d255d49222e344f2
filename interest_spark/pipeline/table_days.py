"""Days of tables of which something is known, as that they will be made anew, and the steps that read them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import Pinned
from interest_spark.pipeline.step import Newest, Read, Selection, Step


@dataclass(frozen=True)
class ReadDay:
    """A day of a step's input, and the step that makes it."""

    input: str
    day: str
    maker: str

    def __str__(self) -> str:
        return f"input {self.input} of {self.day}"


class TableDays:
    """The days of each table that were added, with the step that makes them."""

    def __init__(self) -> None:
        self._maker_by_day: dict[str, dict[str, str]] = defaultdict(dict)

    def add(self, step: Step, days: Iterable[str]) -> None:
        """These days of all that the step writes."""
        for table in step.writes:
            self._maker_by_day[table].update(dict.fromkeys(days, step.name))

    def read_of_result(
        self, step: Step, context: RunContext, pinned: Pinned, targets: Collection[str]
    ) -> ReadDay | None:
        """The first of the days that the result of a step for the `targets` follows from.

        A step with a slice for each day of its input takes in a day once: when it makes that day's slice.
        """
        made = self._maker_by_day[step.writes[-1]].keys()
        taken_in = made & {*targets}
        for read in step.reads:
            selection = _wanted(read, context, pinned)
            for day, maker in self._maker_by_day[read.table].items():
                decides = read.exact or (read.daily and day not in taken_in) or (read.by_day and day not in made)
                if (decides or _is_late(day, read, context, targets)) and _is_within(day, selection):
                    return ReadDay(read.name, day, maker)
        return None

    def read_at_all(self, step: Step, context: RunContext, pinned: Pinned) -> ReadDay | None:
        """The first of the days that a step needs to look at, whether or not they decide about its result."""
        for read in (each for each in step.reads if not each.compared):
            selection = _wanted(read, context, pinned)
            for day, maker in self._maker_by_day[read.table].items():
                if _is_within(day, selection):
                    return ReadDay(read.name, day, maker)
        return None


def _wanted(read: Read, context: RunContext, pinned: Pinned) -> Selection:
    """The days that the input consists of once those that are not committed yet are there, too."""
    selection = pinned.inputs[read.name].selection
    if not isinstance(read.select, Newest):
        return selection
    newest = selection["day"]
    before = (date.fromisoformat(newest) - timedelta(days=1)).isoformat() if newest else None
    return {**read.select.among(context), "after": before}


def _is_late(day: str, read: Read, context: RunContext, targets: Iterable[str]) -> bool:
    """Whether the day's slices decide about those of one of the `targets` before it."""
    if read.late is None:
        return False
    first = (date.fromisoformat(day) - timedelta(read.late(context))).isoformat()
    return any(first <= target < day for target in targets)


def _is_within(day: str, selection: Selection) -> bool:
    """Whether the day is one of those that the selection asks for."""
    only, after, through = (selection.get(key) for key in ("day", "after", "through"))
    return (only is None or day == only) and (after is None or day > after) and (through is None or day <= through)
