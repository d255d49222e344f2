"""Customer features as they are declared in customer_features.yaml: one line a feature, a formula a kind.

The catalogue page, the columns of the table and the computation all come from these declarations; a further feature
of a known kind is a further line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from typing import Any, Literal

import pyarrow as pa
import yaml

from interest_spark.schemas.interests import KINDS

Missing = Literal["never", "zero", "mean", "median", "mode", "group", "model", "drop"]
_TYPES = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}


@dataclass(frozen=True)
class Measure:
    """What is counted of a user's day: a column of `customer_days`, its `unit`, and the daily aggregate it is from.

    `scale`: what the whole number is multiplied with. `weekdays`: only events of these days count, Monday is 1.
    """

    meaning: str
    unit: str
    source: str
    column: str
    scale: float = 1.0
    weekdays: tuple[int, ...] = ()


@dataclass(frozen=True)
class Kind:
    """How features of a kind are computed: the `formula` in words with the parameters in braces, `unit` and type."""

    formula: str
    unit: str
    type: str
    source: str = "{source}"


@dataclass(frozen=True)
class Feature:
    """One declared feature. `of` and `per` name measures, `interest` a kind of interests, `value` one of them.

    `days` is the window up to and with the day, `half_life` the days in which an event's weight halves. `missing` says
    how sets to learn from fill a null, within groups of equal `by` where that is `group`; `never`: there is none.
    """

    name: str
    kind: str
    missing: Missing
    of: str = ""
    per: str = ""
    interest: str = ""
    value: str = ""
    days: int = 0
    half_life: int = 0
    statistic: str = ""
    by: str = ""

    @cached_property
    def formula(self) -> str:
        """In words, with this feature's parameters."""
        return self._fill(KIND_OF_FEATURES[self.kind].formula)

    @cached_property
    def unit(self) -> str:
        """Of the value."""
        return self._fill(KIND_OF_FEATURES[self.kind].unit)

    @cached_property
    def source(self) -> str:
        """The daily aggregates that it is computed from."""
        return self._fill(KIND_OF_FEATURES[self.kind].source)

    @cached_property
    def window(self) -> str:
        """Which days count, in words."""
        return f"{self.days} days" if self.days else f"all kept days, halved every {self.half_life}"

    @cached_property
    def type(self) -> pa.DataType:
        """Of the column."""
        kind = KIND_OF_FEATURES[self.kind].type
        if kind == "measure":
            kind = "int64" if MEASURES[self.of].scale == 1 else "float64"
        return _TYPES[kind]

    @property
    def indicator(self) -> str | None:
        """The column that says whether the value is missing; None where it never is."""
        return None if self.missing == "never" else f"{self.name}_missing"

    def _fill(self, text: str) -> str:
        of, per = MEASURES.get(self.of), MEASURES.get(self.per)
        measures = [each for each in (of, per) if each]
        words = {each.name: getattr(self, each.name) for each in fields(self)}
        words |= {
            "of": of.meaning if of else "",
            "per": per.meaning if per else "",
            "unit": of.unit if of else "",
            "unit_per": f"{of.unit} per {per.unit.removesuffix('s')}" if of and per else "",
            "source": ", ".join(dict.fromkeys(each.source for each in measures)),
            "twice": 2 * self.days,
            "thrice": 3 * self.days,
        }
        return text.format(**words)


def _declared() -> Mapping[str, Any]:
    text = files(__package__).joinpath("customer_features.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


_FOUND = _declared()

MEASURES: Mapping[str, Measure] = {
    name: Measure(**{"column": name, **each, "weekdays": tuple(each.get("weekdays", ()))})
    for name, each in _FOUND["measures"].items()
}
KIND_OF_FEATURES: Mapping[str, Kind] = {name: Kind(**each) for name, each in _FOUND["kinds"].items()}
FEATURES: tuple[Feature, ...] = tuple(Feature(**each) for each in _FOUND["features"])
"""In the order of the table's columns."""

_DAYS_READ = {"trend": 2, "ratio_trend": 2, "shift": 3}
LONGEST_DAYS = max(each.days * _DAYS_READ.get(each.kind, 1) for each in FEATURES)
"""How many days back the features look; what is carried from day to day must hold so many."""


def check_declarations(features: tuple[Feature, ...] = FEATURES) -> None:
    """Raise ValueError naming a declaration that says what is not known."""
    names = [each.name for each in features]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"declared twice: {', '.join(sorted(twice))}")
    for each in features:
        unknown = [name for name in (each.of, each.per) if name and name not in MEASURES]
        if each.kind not in KIND_OF_FEATURES:
            unknown.append(each.kind)
        if each.interest and each.interest not in KINDS:
            unknown.append(each.interest)
        if each.by and each.by not in names:
            unknown.append(each.by)
        if (each.missing == "group") != bool(each.by):
            unknown.append(f"missing: {each.missing} with by: {each.by!r}")
        if unknown:
            raise ValueError(f"feature {each.name}: unknown {', '.join(unknown)}")
        if not each.days and not each.half_life:
            raise ValueError(f"feature {each.name} has neither days nor half_life")


def feature_fields() -> dict[str, tuple[pa.DataType, str]]:
    """The columns of `customer_features` after `user_id`, with what they mean: features, each before its indicator."""
    columns: dict[str, tuple[pa.DataType, str]] = {}
    for each in FEATURES:
        columns[each.name] = (each.type, f"{each.formula} ({each.unit})")
        if each.indicator:
            columns[each.indicator] = (pa.bool_(), f"whether `{each.name}` is not known")
    return columns
