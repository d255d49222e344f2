"""Which days are learnt from and which judge: always everybody's at one instant, the judging ones later.

Splitting each user's own history instead (leave-one-out) lets a model learn from other users' later days what becomes
popular; the benchmarks do so, under that name and to compare with papers, and nothing else here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Fold:
    """Learn from all days through `cutoff`; the days `first` … `last` judge."""

    cutoff: date
    first: date
    last: date


def fold_of(last: date, horizon_days: int, gap_days: int = 0) -> Fold:
    """The split that is judged on `last`: by so many days up to it, and none of the gap before these.

    >>> fold_of(date(2026, 1, 10), 3, gap_days=2)
    Fold(cutoff=datetime.date(2026, 1, 5), first=datetime.date(2026, 1, 8), last=datetime.date(2026, 1, 10))
    """
    first = last - timedelta(days=horizon_days - 1)
    return Fold(first - timedelta(days=gap_days + 1), first, last)


def rolling_folds(first: date, last: date, every: int, horizon_days: int, gap_days: int = 0) -> Iterator[Fold]:
    """A fold every so many days, that are judged on `first`, …, at the latest on `last`.

    With `every` at least `horizon_days` no event judges twice. Raises ValueError unless `every` is a day or more.
    """
    if every < 1:
        raise ValueError(f"folds {every} days apart; the least is 1")
    while first <= last:
        yield fold_of(first, horizon_days, gap_days)
        first += timedelta(days=every)
