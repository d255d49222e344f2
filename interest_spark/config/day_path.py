"""Paths with places for a day: `{day}`, `{day:yyyyMMdd}`, or `{year}`, `{month}`, `{day}` and `{hour}` apart.

logs/{day}/*.jsonl                           logs/2026-01-30/*.jsonl
logs/{day:yyyy/MM/dd}/*                      logs/2026/01/30/*
{year}/{month}/{day}/{hour}/*                2026/01/30/[0-2][0-9]/*
year={year}/month={month}/events-{day}.csv   year=2026/month=01/events-30.csv
logs/{day:unix_ms}/*                         logs/1769731200000/*, of the midnight in UTC that it begins with there
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

_PLACE = re.compile(r"\{([A-Za-z]+)(?::([^{}]*))?\}")
_FORMATS = {"year": "yyyy", "month": "MM", "hour": "HH"}
_LETTERS = re.compile(r"yyyy|MM|dd|HH|[A-Za-z]+")
_ISO = "yyyy-MM-dd"
_A_DAY = {"unix_s": 86_400, "unix_ms": 86_400_000}
_EPOCH = date(1970, 1, 1)
_HOUR = "[0-2][0-9]"
_GROUPS = {"yyyy": r"[0-9]{4}", "MM": "0[1-9]|1[0-2]", "dd": "0[1-9]|[12][0-9]|3[01]", "HH": _HOUR}
_SIGNS = {"**/": "(?:.*?/)?", "*": ".*?", "?": "."}


@dataclass(frozen=True)
class DayPath:
    """A glob with places for a day; without any it names the files of all days at once."""

    path: str

    @property
    def by_day(self) -> bool:
        """Whether the path tells days apart."""
        return _PLACE.search(self.path) is not None

    def on(self, day: date) -> str:
        """The glob of a day.

        >>> DayPath("{year}/{month}/{day}/{hour}/*").on(date(2026, 1, 30))
        '2026/01/30/[0-2][0-9]/*'
        """
        values = {"yyyy": f"{day.year:04}", "MM": f"{day.month:02}", "dd": f"{day.day:02}", "HH": _HOUR}
        return _PLACE.sub(lambda place: _filled(self._format_of(place), values, day), self.path)

    def day_in(self, path: str) -> date | None:
        """The day that a path names which one of the globs has matched: of several the one furthest to the left.

        >>> DayPath("logs/*{day:yyyyMMdd}*").day_in("logs/from-20260130-to-20260131.csv")
        datetime.date(2026, 1, 30)
        """
        if self._unit:
            found = self._expression.search(path)
            days, rest = divmod(int(found["unix"]), _A_DAY[self._unit]) if found else (0, 1)
            return None if rest else _EPOCH + timedelta(days)
        while found := self._expression.search(path):
            try:
                return date(*(int(found[name]) for name in ("yyyy", "MM", "dd")))
            except ValueError:  # there is no such day, and one further to the right may be meant
                start, end = found.span("dd")
                path = f"{path[:start]}{'x' * (end - start)}{path[end:]}"
        return None

    def check(self) -> None:
        """Raise ValueError unless every place is one that is known, and all together say which day it is."""
        used: set[str] = set()
        for place in _PLACE.finditer(self.path):
            if place[1] not in (*_FORMATS, "day") or (place[2] is not None and place[1] != "day"):
                raise ValueError(
                    f"{place[0]} is no place for a day; write {{day}}, {{day:yyyyMMdd}}, {{year}}, {{month}}, {{hour}}"
                )
            if self._format_of(place) in _A_DAY:
                used.update(("yyyy", "MM", "dd"))
                continue
            letters = _LETTERS.findall(self._format_of(place))
            if unknown := [each for each in letters if each not in _GROUPS]:
                raise ValueError(
                    f"{place[0]} has the letters {unknown[0]!r}; a day is written with yyyy, MM, dd and HH, or as "
                    "unix_s or unix_ms"
                )
            used.update(letters)
        if used and not used >= {"yyyy", "MM", "dd"}:
            missing = ", ".join(sorted({"yyyy", "MM", "dd"} - used))
            raise ValueError(f"the path {self.path!r} does not say which day it is: it lacks {missing}")

    @cached_property
    def _unit(self) -> str | None:
        """In which the days are counted, if they are not written by the calendar."""
        return next((each[2] for each in _PLACE.finditer(self.path) if each[2] in _A_DAY), None)

    def _format_of(self, place: "re.Match[str]") -> str:
        """How the day is written in a place; beside a month apart, `{day}` is the day of the month."""
        if place[2] is not None:
            return place[2]
        apart = any(each[1] == "month" for each in _PLACE.finditer(self.path))
        return _FORMATS.get(place[1], "dd" if apart else _ISO)

    @cached_property
    def _expression(self) -> "re.Pattern[str]":
        expression, end, seen = "", 0, set[str]()
        for place in _PLACE.finditer(self.path):
            expression += _translated(self.path[end : place.start()])
            for part in re.split(r"(unix_m?s|yyyy|MM|dd|HH)", self._format_of(place)):
                expression += _part(part, again=part in seen)
                seen.add(part)
            end = place.end()
        return re.compile(expression + _translated(self.path[end:]) + r"\Z", re.DOTALL)


def _part(letters: str, *, again: bool) -> str:
    if letters in _A_DAY:
        return "[0-9]+" if again else "(?P<unix>[0-9]{1,15})"
    if letters not in _GROUPS:
        return re.escape(letters)
    if letters == "HH":
        return _HOUR
    return f"(?P={letters})" if again else f"(?P<{letters}>{_GROUPS[letters]})"


def _filled(day_format: str, values: dict[str, str], day: date) -> str:
    if day_format in _A_DAY:
        return f"{(day - _EPOCH).days * _A_DAY[day_format]}"
    return _LETTERS.sub(lambda letters: values[letters[0]], day_format)


def _translated(glob: str) -> str:
    """A part of a glob as an expression; brackets of it are taken for any one character."""
    return "".join(
        _SIGNS.get(part, "." if part.startswith("[") and len(part) > 1 else re.escape(part))
        for part in re.findall(r"\[[^/\]]+\]|\*\*/|.", glob)
    )
