"""Intervals of shares, and of how two shares differ: closed formulas that also hold near 0 and 1 and for few rows."""

import math

_Z = 1.959963984540054  # two-sided 95 % of the normal distribution


def share_bounds(hits: float, rows: float) -> tuple[float, float]:
    """The 95 % interval of hits / rows by Wilson (1927): the score test turned around; rows > 0.

    >>> [round(bound, 4) for bound in share_bounds(8, 10)]
    [0.4902, 0.9433]
    """
    share, square = hits / rows, _Z**2 / rows
    middle = (share + square / 2) / (1 + square)
    half = _Z * math.sqrt((share * (1 - share) + square / 4) / rows) / (1 + square)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def difference_bounds(hits: float, rows: float, other_hits: float, other_rows: float) -> tuple[float, float]:
    """The 95 % interval of hits / rows - other_hits / other_rows, of different rows: Newcombe (1998), method 10.

    >>> [round(bound, 4) for bound in difference_bounds(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    share, other = hits / rows, other_hits / other_rows
    low, high = share_bounds(hits, rows)
    other_low, other_high = share_bounds(other_hits, other_rows)
    below = math.hypot(share - low, other_high - other)
    above = math.hypot(high - share, other - other_low)
    return share - other - below, share - other + above
