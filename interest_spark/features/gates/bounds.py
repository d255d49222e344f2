"""The bounds of a figure, learnt from its own history: robust, by weekday, and carried along by growth.

What is expected is the recent level, the median of the last seven days, moved by what days of that weekday usually
differ from the level before them. Medians are not moved by single odd days, and the spread is told by the median
absolute deviation (Hampel, The influence curve and its role in robust estimation, 1974) of what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from interest_spark.schemas.figures import Figure

_NORMAL = 1.4826
"""A normal distribution's standard deviation, in median absolute deviations."""
_LEVEL_DAYS, _LEVEL_WITHIN, _LEVEL_LEAST = 7, 14, 4
_WEEKS = 3
"""Days of a weekday that it takes to tell what is usual for it."""

Dated = Sequence[tuple[date, float]]
"""Values on a figure's scale, in the order of days."""


@dataclass(frozen=True)
class Bounds:
    """Values outside are an alarm; None where there is no bound. `median`: what was expected, of so many days."""

    low: float | None
    high: float | None
    median: float | None
    history: int


def learn_bounds(
    figure: Figure,
    day: date,
    count: int,
    past: Mapping[date, float],
    accepted: Sequence[float],
    deviations: float,
    wider: float = 1.0,
    least: float = 0.0,
) -> Bounds:
    """The bounds of a figure that is measured on `count` events, from its `past` values, of days before `day`.

    `accepted`: values that somebody has lately declared to be right, so that what is as they were passes, too.
    `wider`: how many times as far from what is expected as usual the bounds are to lie, and at `least` how far.
    """
    scale = figure.scale
    dated = sorted((each, scale.to(value)) for each, value in past.items())
    expected, spread = _expected(dated, day)
    chance = scale.chance(scale.back(expected), count)
    width = max(wider * max(deviations * max(spread, chance), scale.least), least)
    right = [expected, *map(scale.to, accepted)]
    lowest, highest = scale.to(0.0), max(right) + width
    low = scale.back(max(min(right) - width, lowest)) if figure.side in ("both", "low") else None
    high = scale.back(highest) if figure.side in ("both", "high") else None
    return Bounds(low, high, scale.back(expected), len(dated))


def _expected(dated: Dated, day: date) -> tuple[float, float]:
    """What is to be expected on the day, and the robust standard deviation of what came instead."""
    level = _level(dated, day)
    steps = [(each, value - before) for each, value in dated if (before := _level(dated, each)) is not None]
    if level is None or not steps:
        level = median(value for _, value in dated)
        steps = [(each, value - level) for each, value in dated]
    overall = median(step for _, step in steps)
    by_weekday: dict[int, list[float]] = {}
    for each, step in steps:
        by_weekday.setdefault(each.weekday(), []).append(step)
    usual = {weekday: median(found) for weekday, found in by_weekday.items() if len(found) >= _WEEKS}
    left = [abs(step - usual.get(each.weekday(), overall)) for each, step in steps]
    return level + usual.get(day.weekday(), overall), _NORMAL * median(left)


def _level(dated: Dated, day: date) -> float | None:
    """The median of the last days before the day; None where too few are near."""
    near = [value for each, value in dated if 0 < (day - each).days <= _LEVEL_WITHIN][-_LEVEL_DAYS:]
    return median(near) if len(near) >= _LEVEL_LEAST else None
