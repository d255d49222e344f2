"""Whether the model beats what is simpler, in words: a model that loses to a baseline is said to, first of all."""

from collections.abc import Mapping, Sequence
from typing import Any

from interest_spark.reports.html.judged import MODEL, Judged, require_judged
from interest_spark.reports.html.source import ReportSource, Row

_CHANCE = 0.05
_LOSES, _LEVEL, _WINS = "loses", "level", "wins"


def gather(source: ReportSource) -> Mapping[str, Any]:
    judged = require_judged(source)
    said = verdicts(judged)
    worst = next((kind for kind in (_LOSES, _LEVEL, _WINS) if any(each["kind"] == kind for each in said)), "alone")
    users = judged.figures[MODEL][judged.metrics[0]]["users"]
    cutoff = source.day_before(source.config.evaluate.horizon_days)
    return {"worst": worst, "said": said, "name": judged.name, "users": users, "cutoff": cutoff, "dt": source.dt}


def verdicts(judged: Judged) -> Sequence[Row]:
    """One for each other contender, losses first: how the model stands against it by the metric that says most.

    A difference whose whole interval is on one side of zero is won or lost, unless chance may explain it once all tests
    of the day are taken together. The first metric is what can be won; one that is lost by any of them is lost. Where
    no paired differences were made, the two intervals must not touch.
    """
    said = [_against(judged, name) for name in judged.contenders if name != MODEL]
    order = (_LOSES, _LEVEL, _WINS)
    return sorted(said, key=lambda each: order.index(each["kind"]))


def _against(judged: Judged, contender: str) -> Row:
    differences = [row for metric in judged.metrics if (row := _difference(judged, contender, metric))]
    clear = [row for row in differences if row["low"] is not None and (row.get("p_adjusted") or 0.0) < _CHANCE]
    lost = [row for row in clear if row["high"] < 0]
    won = [row for row in clear if row["low"] > 0]
    kind = _LOSES if lost else _WINS if won and won[0] is differences[0] else _LEVEL
    telling = [*lost, *differences]
    return {"kind": kind, "contender": contender, "difference": telling[0] if telling else None}


def _difference(judged: Judged, contender: str, metric: str) -> Row | None:
    paired = judged.differences.get(contender, {}).get(metric)
    if paired is not None:
        return {**paired, "paired": True}
    ours, theirs = judged.figures[MODEL].get(metric), judged.figures[contender].get(metric)
    if ours is None or theirs is None:
        return None
    bounds = (ours["low"], ours["high"], theirs["low"], theirs["high"])
    low, high = (None, None) if None in bounds else (ours["low"] - theirs["high"], ours["high"] - theirs["low"])
    return {"metric": metric, "value": ours["value"] - theirs["value"], "low": low, "high": high, "paired": False}
