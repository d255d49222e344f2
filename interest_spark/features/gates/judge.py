"""Measured figures of a day to rows of the table `gates`: what each is, where its bounds lie, and what that means.

A figure is judged by the rows of the days before it and nothing else, so that the answer is the same whenever the day
is judged, and costs the same however long the history is.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from statistics import median

from interest_spark.config.gates import GatesConfig
from interest_spark.features.gates.bounds import Bounds, learn_bounds
from interest_spark.features.gates.drift import mean_shares, shares_of, stability_index
from interest_spark.schemas.figures import Figure, figure_of

OK, WARM_UP, EXPECTED, WARNED, BLOCKED, ACCEPTED = "ok", "warm-up", "expected", "warned", "blocked", "accepted"
"""What may be said of a figure; `expected`: of a count on an announced day."""

_REFERENCE_DAYS = 14
_ACCEPTED_DAYS = 7
"""How long an accepted value widens the bounds: by then it is part of the history."""
_ANNOUNCED_TRAFFIC = 5.0
"""How many times as much or as little as usual there may be of anything on an announced day; never nothing at all."""
_TRIALS = 10
"""Without a history it takes so many times `least_events` to be alarmed: logs made up for a trial are no fault."""
_SAME = 1e-6


@dataclass(frozen=True)
class Measured:
    """A figure's value, told by so many events, users or lists; of one that tells drift, the `counts` by label."""

    figure: str
    value: float
    count: int
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Judged:
    """A row of the table `gates`; its fields are the table's columns."""

    figure: str
    value: float
    low: float | None
    high: float | None
    median: float | None
    history: int
    state: str
    reason: str | None
    count: int
    shares: Mapping[str, float] | None = None
    accepted_by: str | None = None
    accepted_at: datetime | None = None
    accepted_because: str | None = None


Days = Mapping[date, Mapping[str, Judged]]
"""Rows of one gate, by day and figure."""


def judge_day(
    day: date, measured: Iterable[Measured], past: Days, settings: GatesConfig, before: Mapping[str, Judged]
) -> list[Judged]:
    """The rows of a day, those of the harshest state first, from those of `past` days before it.

    `before`: what was said of the day itself until now. What was accepted stays so as long as it is the same.
    """
    known = {each: rows for each, rows in sorted(past.items()) if 0 < (day - each).days <= settings.history_days}
    found = list(measured)
    wanted = [each for each in [*found, *_gone(found, known)] if settings.action_of(each.figure) != "ignore"]
    rows = [_judge(day, each, known, settings) for each in wanted]
    rows = [_still_accepted(row, before.get(row.figure)) for row in rows]
    order = (BLOCKED, ACCEPTED, WARNED, EXPECTED, OK, WARM_UP)
    return sorted(rows, key=lambda row: (order.index(row.state), row.figure))


def _gone(measured: Sequence[Measured], known: Days) -> list[Measured]:
    """A zero for each figure of a family that the last days had and the day has not: it has fallen silent."""
    there = {each.figure for each in measured}
    lately = list(known.values())[-_REFERENCE_DAYS:]
    names = sorted({name for rows in lately for name in rows if figure_of(name).family} - there)
    total = max((each.count for each in measured), default=0)
    return [Measured(name, 0.0, total) for name in names if any(rows[name].value for rows in lately if name in rows)]


def _judge(day: date, measured: Measured, known: Days, settings: GatesConfig) -> Judged:
    figure = figure_of(measured.figure)
    usable = {each: rows for each, rows in known.items() if not any(row.state == EXPECTED for row in rows.values())}
    counts = [row.count for rows in known.values() if (row := rows.get(measured.figure))]
    few = max(measured.count, median(counts) if counts else 0) < settings.least_events
    value, shares = _value(measured, usable)
    past = _past(figure, measured.figure, usable)
    accepted = [
        rows[measured.figure].value
        for each, rows in known.items()
        if (day - each).days <= _ACCEPTED_DAYS and measured.figure in rows and rows[measured.figure].state == ACCEPTED
    ]
    bounds = _bounds(figure, day, measured.count, past, accepted, settings)
    state, reason = OK if bounds.median is not None else WARM_UP, None
    if fault := _fault(value, bounds):
        blocks = settings.action_of(measured.figure) == "block" and not few
        state, reason = (BLOCKED if blocks else WARNED), fault
    elif settings.expected_days.get(day) is not None and figure.follows_traffic:
        state, reason = EXPECTED, settings.expected_days[day]
    return Judged(
        measured.figure, value, bounds.low, bounds.high, bounds.median, len(past), state, reason, measured.count, shares
    )


def _value(measured: Measured, known: Days) -> tuple[float, Mapping[str, float] | None]:
    """The figure's value; where it tells drift, from its shares now and on the last days."""
    if measured.counts is None:
        return measured.value, None
    shares = shares_of(measured.counts)
    earlier = [
        row.shares
        for rows in known.values()
        if (row := rows.get(measured.figure)) and row.shares and row.state != BLOCKED
    ]
    if not earlier or not shares:
        return 0.0, shares
    return stability_index(shares, mean_shares(earlier[-_REFERENCE_DAYS:])), shares


def _past(figure: Figure, name: str, known: Days) -> dict[date, float]:
    """The values to learn from. A family's figure that a day does not have was zero on it."""
    values = {}
    for day, rows in known.items():
        row = rows.get(name)
        if row is None and figure.family:
            values[day] = 0.0
        elif row is not None and row.state not in (BLOCKED, ACCEPTED):
            values[day] = row.value
    if figure.drift and values:
        del values[min(values)]  # on the first day there was nothing to compare with
    return values


def _bounds(
    figure: Figure,
    day: date,
    count: int,
    past: Mapping[date, float],
    accepted: Sequence[float],
    settings: GatesConfig,
) -> Bounds:
    if len(past) < settings.warm_up_days:
        limit = figure.limit if count >= _TRIALS * settings.least_events else None
        return Bounds(None, limit, None, len(past))
    announced = day in settings.expected_days
    least = math.log(_ANNOUNCED_TRAFFIC) if announced and figure.follows_traffic else 0.0
    wider = 2.0 if announced else 1.0
    bounds = learn_bounds(figure, day, count, past, accepted, settings.deviations, wider, least)
    if figure.limit is None or count < settings.least_events or any(value > figure.limit for value in accepted):
        return bounds
    return replace(bounds, high=min(figure.limit, bounds.high if bounds.high is not None else figure.limit))


def _fault(value: float, bounds: Bounds) -> str | None:
    for bound, far, side in ((bounds.low, -1, "below"), (bounds.high, 1, "above")):
        if bound is not None and (value - bound) * far > 0:
            usual = "" if bounds.median is None else f"; usual is {bounds.median:.4g} by {bounds.history} days before"
            return f"{value:.4g} is {side} {bound:.4g}{usual}"
    return None


def _still_accepted(row: Judged, before: Judged | None) -> Judged:
    """The row, accepted if the same value was."""
    if before is None or before.state != ACCEPTED or row.state != BLOCKED:
        return row
    if abs(row.value - before.value) > _SAME * max(abs(row.value), abs(before.value)):
        return row
    return replace(
        row,
        state=ACCEPTED,
        accepted_by=before.accepted_by,
        accepted_at=before.accepted_at,
        accepted_because=before.accepted_because,
    )
