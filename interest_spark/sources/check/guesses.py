"""Which raw fields are likely to be a column: by their names, and where there are none, by their values."""

import re
from collections.abc import Sequence
from itertools import groupby

from interest_spark.sources.check.fields import Layout, RawField
from interest_spark.sources.check.times import time_format_of
from interest_spark.sources.check.words import COLUMNS, REQUIRED, WITHOUT_LOGIN, behavior_of, plain

_MARKED_WORDS = re.compile(r"\S+-[01](?: \S+-[01])*")
_NEARLY = 0.8
_MOST_DISTINCT = 0.9  # numbers of lines differ in each, but for copies
_NUMBER_WITH_FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")


def guess(column: str, fields: Sequence[RawField]) -> Sequence[RawField]:
    """The fields that are likely to be the column, of which the first with a value counts; none where there is none.

    A field is known by its whole name, else by the last part of a way. An item stands in a list of the line's, or in
    the line itself; of several names for it the first one counts that nearly as many lines have as any. Who has not
    logged in is known by another field than who has.
    """
    found = [named for word in COLUMNS[column] if (named := _named(word, fields, column))]
    if not found:
        return []
    if column == "item_id":
        most = max(len(_covered(each)) for each in found)
        return next(each for each in found if len(_covered(each)) >= _NEARLY * most)
    return [*found[0], *_without_login(found[0], fields)] if column == "user_id" else found[0]


def guess_by_values(layout: Layout) -> dict[str, RawField]:
    """Of a file without names: a time, words for behaviors, and of other columns the first two, as logs have them."""
    filled = [each for each in layout.fields if each.covered]
    time = next((each for each in filled if time_format_of(each.values)), None)
    behavior = next((each for each in filled if any(map(behavior_of, {*each.values}))), None)
    others = [each for each in filled if each is not time and each is not behavior]
    likely = [each for each in others if _may_be_id(each)]
    unlikely = [each for each in others if not _may_be_id(each)]
    ids = dict(zip(("user_id", "item_id"), [*likely, *unlikely], strict=False))
    return {name: each for name, each in (*ids.items(), ("event_time", time), ("behavior", behavior)) if each}


def marked_words(fields: Sequence[RawField]) -> RawField | None:
    """The field with what was shown at once, `N55689-1 N35729-0`: 1 for what was clicked, 0 for what was not."""
    return next((each for each in fields if _share(each, _MARKED_WORDS) > 0.9), None)


def _named(word: str, fields: Sequence[RawField], column: str) -> Sequence[RawField]:
    """Those of that name that are told apart by the list that they lie in; fields of lists first."""
    for whole in (True, False):
        like = [
            each
            for each in fields
            if plain(each.name if whole else each.last_name) == word and (each.covered or column not in REQUIRED)
        ]
        if like:
            by_list = [next(same) for _, same in groupby(like, key=lambda each: each.within)]
            return sorted(by_list, key=lambda each: each.within is None)[:2] if not whole else by_list[:1]
    return []


def _without_login(known: Sequence[RawField], fields: Sequence[RawField]) -> Sequence[RawField]:
    """The field that says who it was in lines in which the known ones do not."""
    covered = _covered(known)
    further = (named for word in WITHOUT_LOGIN for named in _named(word, fields, "user_id"))
    return [found] if (found := next((each for each in further if each.covered - covered), None)) else []


def _covered(fields: Sequence[RawField]) -> frozenset[int]:
    return frozenset().union(*(each.covered for each in fields))


def _may_be_id(field: RawField) -> bool:
    """Whether values come again, as those of users and items do, and are no prices and no lists."""
    values = [value for value in field.values if value.strip()]
    return (
        len({*values}) < _MOST_DISTINCT * len(values)
        and _share(field, _NUMBER_WITH_FRACTION) < 0.5
        and not _has_spaces(values)
    )


def _has_spaces(values: Sequence[str]) -> bool:
    return sum(" " in value.strip() for value in values) * 2 > len(values)


def _share(field: RawField, expression: "re.Pattern[str]") -> float:
    """Of the filled values those that are such."""
    values = [value.strip() for value in field.values if value.strip()]
    return sum(expression.fullmatch(value) is not None for value in values) / len(values) if values else 0.0
