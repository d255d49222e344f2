"""The catalogue of customer features, as a page in Markdown made from their declarations."""

from collections.abc import Iterator

from interest_spark.schemas.customer_features import FEATURES, MEASURES, Feature

_HEADINGS = ("feature", "formula", "unit", "type", "window", "made from", "missing values")
_CUT_OFF = (
    "All are as of the end of the day `dt` in the shop's time zone (the cut-off), from what was delivered by then. An "
    "age is counted in days: 0 is the day itself. Ratios are of sums; a user has a row in `customer_features` with an "
    "event within `profiles.window_days`."
)
_MISSING = {
    "never": "there are none",
    "zero": "0",
    "mean": "mean",
    "median": "median",
    "mode": "most frequent value",
    "group": "mean by `{by}`",
    "model": "ridge regression on what is never missing",
    "drop": "the user is left out",
}


def catalogue() -> str:
    """The page; every declared feature is a line of its table."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("# Customer features", "", _CUT_OFF, "")
    yield from (_row(_HEADINGS), _row(["---"] * len(_HEADINGS)))
    yield from (_row(_cells(each)) for each in FEATURES)
    yield from ("", "## What is counted", "")
    yield from (_row(("measure", "meaning", "unit", "made from")), _row(["---"] * 4))
    yield from (_row((f"`{name}`", each.meaning, each.unit, f"`{each.source}`")) for name, each in MEASURES.items())


def _cells(feature: Feature) -> tuple[str, ...]:
    indicator = f"; marked by `{feature.indicator}`" if feature.indicator else ""
    missing = _MISSING[feature.missing].format(by=feature.by) + indicator
    made_from = ", ".join(f"`{each}`" for each in feature.source.split(", "))
    formula = feature.formula.replace("|", "\\|")
    return (f"`{feature.name}`", formula, feature.unit, str(feature.type), feature.window, made_from, missing)


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
