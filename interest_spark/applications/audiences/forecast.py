"""How large an audience will be on the next day, from its sizes of the last days."""

from collections.abc import Mapping
from datetime import date

import numpy as np

DAYS = 8
"""How many days up to and with the day are looked at: a week, and one more to compare its first with."""


def expected_next(sizes: Mapping[date, int], day: date) -> float:
    """The size on the day after `day`: that of the day, moved on by the slope of a least-squares line through them.

    The line goes through the days that are known of the last DAYS; with one of them alone the size stays as it is.
    Weekdays do not enter: what windows of whole weeks count has none.

    >>> expected_next({date(2026, 1, 1): 100, date(2026, 1, 2): 110}, date(2026, 1, 2))
    120.0
    """
    known = {each: size for each, size in sizes.items() if 0 <= (day - each).days < DAYS}
    if len(known) < 2:
        return float(sizes[day])
    ages = np.array([(each - day).days for each in known], np.float64)
    values = np.array(list(known.values()), np.float64)
    centred = ages - ages.mean()
    slope = float(centred @ (values - values.mean()) / (centred @ centred))
    return round(max(sizes[day] + slope, 0.0), 6)
