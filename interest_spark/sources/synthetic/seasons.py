"""When people shop: hours of the day, days of the week, seasons and sales."""

import math
from datetime import date

import numpy as np

from interest_spark.sources.synthetic.plan import Floats, Ints
from interest_spark.sources.synthetic.words import CATEGORIES

_WEEKDAY = (0.94, 0.90, 0.92, 0.95, 1.03, 1.18, 1.12)  # Monday first
_SALES = {(6, 18): 1.6, (11, 11): 1.9, (12, 12): 1.5}
_LOCAL_HOUR = np.array(
    [2, 1, 0.3, 0.1, 0.1, 0.2, 1, 2.5, 4, 5, 5.5, 6, 7, 6, 5, 5, 5, 5.5, 6.5, 8, 9.5, 9.5, 7.5, 4.5], dtype=np.float64
)


def traffic(day: date) -> float:
    """How much busier than usual the shop is on `day`; 1 is usual."""
    season = 1.0 + 0.08 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 345) / 365.25)
    return _WEEKDAY[day.weekday()] * season * _SALES.get((day.month, day.day), 1.0)


def category_season(day: date, categories: int) -> Floats:
    """How much each of the first `categories` is in season on `day`; shape (categories,), between 0.85 and 1.15."""
    peaks = np.array([category.peak_day for category in CATEGORIES[:categories]])
    return 1.0 + 0.15 * np.cos(2 * np.pi * (day.timetuple().tm_yday - peaks) / 365.25)


def start_times(hours_ahead: Floats, rng: np.random.Generator) -> Ints:
    """Milliseconds into the UTC day at which visits begin, for people `hours_ahead` of UTC; shape as given."""
    edges = np.cumsum(_LOCAL_HOUR) / _LOCAL_HOUR.sum()
    hour = np.searchsorted(edges, rng.random(hours_ahead.size), side="right") + rng.random(hours_ahead.size)
    return (((hour - hours_ahead) % 24.0) * 3_600_000).astype(np.int64)
