"""The language of conditions on customers, in YAML: `all`, `any`, `not`, comparisons of features, and interests.

    all:
      - days_since_purchase: {at_least: 30}
      - any:
          - top_category: {in: [shoes, boots]}
          - interest: {kind: category, value: shoes, at_least: 0.3, trend: rising}
      - not: {spent_90d: {is_null: true}}

Several keys of one mapping hold together. Nothing of it is ever run: keys are looked up, values are compared. A
comparison with a value that is not known is false, and so `not` of it is true.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from interest_spark.config.names import known_name, nearest
from interest_spark.schemas.interests import KINDS
from interest_spark.schemas.tables import TABLES

ORDERS = ("less_than", "at_most", "more_than", "at_least")
OPERATORS = (*ORDERS, "between", "is", "in", "is_null")
JOINTS = ("all", "any", "not", "interest")
TRENDS = {"rising": "more_than", "falling": "less_than"}
"""Words for the sign of a trend, each with how it compares with 0."""

_FEATURES, _PROFILES = "customer_features", "profiles"
_OF_INTERESTS = ("short_term", "confidence", "trend", "evidence", "rank")
"""Columns of `profiles` that an interest may bound beside its `value`."""
_MOST_PARTS, _DEEPEST = 500, 20


@dataclass(frozen=True)
class Every:
    """All of the parts hold."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Some:
    """At least one of the parts holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Negated:
    """The part does not hold."""

    part: "Condition"


@dataclass(frozen=True)
class Compared:
    """A column's value compared; `operator` is one of ORDERS, `in` with a tuple, or `is_null` with a truth value."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Interested:
    """There is an interest of the kind, called one of `names` (any where empty), whose row fulfils all `bounds`."""

    kind: str
    names: tuple[str, ...]
    bounds: tuple[Compared, ...]


Condition = Every | Some | Negated | Compared | Interested


def parse_condition(given: Any, at: str = "where", deep: int = 0) -> Condition:
    """The condition that a mapping read from YAML means.

    Raises ValueError naming the place, the unknown word and the nearest known one.
    """
    if not isinstance(given, Mapping) or not given:
        raise ValueError(f"{at} is no condition; write for example {{days_since_purchase: {{less_than: 30}}}}")
    if deep > _DEEPEST:
        raise ValueError(f"{at} is nested more than {_DEEPEST} deep; write it as several audiences")
    parts = tuple(_part(str(key), value, f"{at}.{key}", deep) for key, value in given.items())
    found = parts[0] if len(parts) == 1 else Every(parts)
    if not deep and sum(1 for _ in leaves(found)) > _MOST_PARTS:
        raise ValueError(f"{at} has more than {_MOST_PARTS} comparisons; use `in` with a list where values differ")
    return found


def leaves(condition: Condition) -> Iterator[Compared | Interested]:
    """Its comparisons and interests, in their order."""
    if isinstance(condition, Every | Some):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Negated):
        yield from leaves(condition.part)
    else:
        yield condition


def _part(key: str, value: Any, at: str, deep: int) -> Condition:
    if key in ("all", "any"):
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f"{at} needs a list of conditions, and has {_told(value)}")
        parts = tuple(parse_condition(each, f"{at}.{place}", deep + 1) for place, each in enumerate(value))
        return Every(parts) if key == "all" else Some(parts)
    if key == "not":
        return Negated(parse_condition(value, at, deep + 1))
    if key == "interest":
        return _interest(value, at)
    known = [name for name in TABLES[_FEATURES].names if name != "user_id"]
    if key not in known:
        guess = nearest(key, [*known, *JOINTS])
        hint = f"did you mean {guess!r}? " if guess else ""
        raise ValueError(
            f"{at}: unknown column {key!r}; {hint}`interest features` prints all customer features, and beside them "
            f"there are {', '.join(JOINTS)}"
        )
    return _together(_comparisons(_FEATURES, key, value, at))


def _together(parts: tuple[Compared, ...]) -> Condition:
    return parts[0] if len(parts) == 1 else Every(parts)


def _interest(given: Any, at: str) -> Interested:
    if not isinstance(given, Mapping) or "kind" not in given:
        raise ValueError(f"{at} needs a kind; write for example {{kind: category, value: shoes, at_least: 0.3}}")
    kind = known_name("kind of interest", str(given["kind"]), KINDS)
    named = given.get("value", ())
    names = tuple(named) if isinstance(named, list | tuple) else (named,)
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"{at}.value is {_told(named)}; write a name, such as shoes, or a list of names")
    bounds: list[Compared] = []
    for key, value in given.items():
        if key in ("kind", "value"):
            continue
        known_name("key of an interest", str(key), ("kind", "value", *OPERATORS[:5], *_OF_INTERESTS))
        if key in OPERATORS:
            bounds += _comparisons(_PROFILES, "value", {key: value}, at)
        elif key == "trend" and isinstance(value, str):
            bounds.append(Compared("trend", TRENDS[known_name("trend", value, tuple(TRENDS))], 0.0))
        else:
            bounds += _comparisons(_PROFILES, str(key), value, f"{at}.{key}")
    return Interested(kind, names, tuple(bounds))


def _comparisons(table: str, column: str, given: Any, at: str) -> tuple[Compared, ...]:
    if not isinstance(given, Mapping) or not given:
        raise ValueError(f"{at} needs a comparison such as {{at_least: 1}}, and has {_told(given)}")
    kind = TABLES[table].field(column).type
    return tuple(
        found for operator, value in given.items() for found in _comparison(column, str(operator), value, kind, at)
    )


def _comparison(column: str, operator: str, value: Any, kind: pa.DataType, at: str) -> Iterator[Compared]:
    known_name("comparison", operator, OPERATORS)
    at = f"{at}.{operator}"
    if operator == "is_null":
        if not isinstance(value, bool):
            raise ValueError(f"{at} is {_told(value)}; write true or false")
        yield Compared(column, operator, value)
    elif operator in ("is", "in"):
        values = value if operator == "in" else [value]
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(f"{at} needs a list of values, and has {_told(value)}")
        yield Compared(column, "in", tuple(_value(each, kind, at) for each in values))
    elif not _is_number(kind):
        raise ValueError(f"{at}: {column} is no number; compare it with is, in or is_null")
    elif operator == "between":
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise ValueError(f"{at} needs two numbers, the lower one first, and has {_told(value)}")
        low, high = (_value(each, kind, at) for each in value)
        if low > high:
            raise ValueError(f"{at}: {low} is above {high}; write the lower one first")
        yield Compared(column, "at_least", low)
        yield Compared(column, "at_most", high)
    else:
        yield Compared(column, operator, _value(value, kind, at))


def _value(value: Any, kind: pa.DataType, at: str) -> Any:
    """The value, if it is of the column's kind."""
    if _is_number(kind):
        wanted, fits = "a number", isinstance(value, int | float) and not isinstance(value, bool)
        fits = fits and abs(value) < 1e15  # NaN is none either; whole numbers up to here are exact as floats, too
    elif pa.types.is_boolean(kind):
        wanted, fits = "true or false", isinstance(value, bool)
    else:
        wanted, fits = "a text", isinstance(value, str)
    if not fits:
        raise ValueError(f"{at} needs {wanted}, and has {_told(value)}")
    return value


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
