"""What a mapping may say beyond `column: field`: several fields, lines of many events, conditions."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WrapValidator, field_validator, model_validator

from interest_spark.config.names import choice_of, nearest
from interest_spark.config.section import Section

IGNORE = "ignore"
"""What a behavior is mapped to whose lines are left out."""
ANY_OTHER = "*"
"""Stands in `behaviors` for every word that is not named."""

OPTIONAL_NUMBERS = ("quantity", "price", "rating", "age")
"""Columns without which a row still says something."""

Unit = Literal["days", "hours", "minutes", "seconds", "milliseconds", "microseconds"]


class Joined(Section):
    """Several fields that make one value together, such as a date and a time; without one of them there is none."""

    join: tuple[str, ...] = Field(min_length=1)
    separator: str = " "


class Matched(Section):
    """What a regular expression finds in a field: its group, or all that it matches; elsewhere there is no value.

    It is one of Rust's crate `regex`, which takes time in proportion to the text, whatever the expression.
    """

    field: str = Field(min_length=1)
    match: str = Field(min_length=1)

    @field_validator("match")
    @classmethod
    def _can_be_used(cls, match: str) -> str:
        _groups_in(match)
        return match

    @property
    def group(self) -> int:
        """The number of the group that is taken; 0 is all that is matched."""
        return min(_groups_in(self.match), 1)


@cache
def _groups_in(match: str) -> int:
    import polars as pl  # a part of those who read a configuration need no more of it
    from polars.exceptions import ComputeError

    try:
        found = pl.Series(["text"]).str.extract_groups(match)
    except ComputeError as error:
        said = next((line for line in str(error).splitlines() if line.startswith("error: ")), "error: it is none")
        raise ValueError(f"{match!r} is no regular expression: {said.removeprefix('error: ')}") from None
    return len(found.struct.fields)


def _one_or_more_fields(value: Any, _: Any) -> "ColumnFields":
    """Told apart by hand, so that a mistake is told once and not for each kind that it could have been."""
    if isinstance(value, str | Joined | Matched):
        return value
    if isinstance(value, Mapping):
        known = (*Joined.model_fields, *Matched.model_fields)
        for key in value:
            if key not in known:
                guess = nearest(str(key), known)
                hint = f"did you mean {guess!r}? " if guess else ""
                raise ValueError(f"unknown key {key!r}; {hint}known keys: {', '.join(known)}")
        return (Matched if value.keys() & {"field", "match"} else Joined).model_validate(value)
    if isinstance(value, list | tuple) and value and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise ValueError(
        "this is no field; write its name, [userId, anonymousId], {join: [date, time]} or {field: url, match: "
        "'id=([0-9]+)'}, all as texts"
    )


def _as_texts(value: Any) -> Any:
    """Values as logs have them: `true` and numbers need no quotes here."""
    if not isinstance(value, Mapping):
        return value
    return {key: [_as_text(each) for each in (v if isinstance(v, list | tuple) else [v])] for key, v in value.items()}


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _with_field(value: Any) -> Any:
    return {"field": value} if isinstance(value, str) else value


ColumnFields = Annotated[str | tuple[str, ...] | Joined | Matched, WrapValidator(_one_or_more_fields)]
"""A field, the first that has a value of several, fields joined, or what is matched in one."""

Where = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_as_texts)]
"""Fields with the values, any of them, that each must have."""


class Explode(Section):
    """The field with the events of a line: a JSON array, or with a `separator` words, each of two `parts` perhaps."""

    field: str = Field(min_length=1)
    separator: str | None = Field(default=None, min_length=1)
    parts: str | None = Field(default=None, min_length=1)

    def holds(self, field: str) -> bool:
        """Whether a field is that of an event, and not of its line."""
        return field == self.field or field.startswith(f"{self.field}.")

    @model_validator(mode="after")
    def _parts_of_words(self) -> "Explode":
        if self.parts is not None and self.separator is None:
            raise ValueError("parts are those of words; say with separator what stands between the words")
        return self


ExplodedField = Annotated[Explode, BeforeValidator(_with_field)]


class TimeOffset(Section):
    """What is to be added to the time: a number of units in a field."""

    field: str
    unit: Unit = "seconds"


class Case(Section):
    """Values for columns of lines that fulfil a condition; a number found `negative` is made positive."""

    where: Where = Field(default={})
    negative: Literal["quantity", "price", "rating"] | None = None
    set: dict[str, str] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_a_condition(self) -> "Case":
        if not self.where and self.negative is None:
            raise ValueError("a case needs a condition; add where: {field: value} or negative: quantity")
        return self


StrictNumbers = Annotated[tuple[str, ...], AfterValidator(choice_of("optional number", OPTIONAL_NUMBERS))]


def fields_of(value: str | tuple[str, ...] | Joined | Matched) -> Iterator[str]:
    """The raw fields that a column is made of."""
    if isinstance(value, str | Matched):
        yield value if isinstance(value, str) else value.field
    else:
        yield from value.join if isinstance(value, Joined) else value
