"""The figures of a day in words: first of all, what the model loses to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from interest_spark.evaluation.tally import MODEL

LEVEL = 0.05


@dataclass(frozen=True)
class Verdict:
    """Of the model against one other contender: metrics in which it `loses`, is `level`, and `wins`, with sentences.

    It loses, or wins, where the whole interval of the difference is on that side and chance is no explanation, also
    when all tests of the day are taken together (Holm).
    """

    against: str
    loses: tuple[str, ...]
    level: tuple[str, ...]
    wins: tuple[str, ...]
    sentences: tuple[str, ...]


def verdicts(rows: Iterable[Mapping[str, Any]]) -> list[Verdict]:
    """From a day's rows of `metrics`, of one model: a verdict for each contender, those it loses to first."""
    rows = list(rows)
    values = {(row["slice"], row["metric"]): row["value"] for row in rows if row.get("against") is None}
    compared: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row.get("against") is not None and row["slice"] == MODEL and row["value"] is not None:
            compared.setdefault(row["against"], []).append(row)
    found = [_verdict(name, of_name, values) for name, of_name in sorted(compared.items())]
    return sorted(found, key=lambda each: (not each.loses, not each.level, each.against))


def sentences(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The same as text: what is lost first, then what is no better, one sentence for all that is beaten."""
    found = verdicts(rows)
    beaten = [each.against for each in found if not each.loses and not each.level]
    told = [sentence for each in found if each.against not in beaten for sentence in each.sentences]
    return [*told, f"the model beats {_listed(beaten)}"] if beaten else told


def _verdict(name: str, rows: list[Mapping[str, Any]], values: Mapping[tuple[str, str], float | None]) -> Verdict:
    outcome: dict[str, list[str]] = {"loses": [], "level": [], "wins": []}
    told: dict[str, list[str]] = {"loses": [], "level": [], "wins": []}
    for row in sorted(rows, key=lambda row: str(row["metric"])):
        kind = _outcome(row)
        outcome[kind].append(row["metric"])
        told[kind].append(_sentence(kind, name, row, values))
    return Verdict(
        name,
        tuple(outcome["loses"]),
        tuple(outcome["level"]),
        tuple(outcome["wins"]),
        (*told["loses"], *told["level"], *told["wins"]),
    )


def _outcome(row: Mapping[str, Any]) -> str:
    low, high, p_value = row["low"], row["high"], row["p_adjusted"]
    clear = low is not None and (low > 0 or high < 0) and (p_value is None or p_value <= LEVEL)
    return ("wins" if row["value"] > 0 else "loses") if clear else "level"


def _sentence(kind: str, name: str, row: Mapping[str, Any], values: Mapping[tuple[str, str], float | None]) -> str:
    what = {"loses": "loses to", "level": "is no better than", "wins": "beats"}[kind]
    ours, theirs = values.get((MODEL, row["metric"])), values.get((name, row["metric"]))
    figures = "" if ours is None or theirs is None else f"{ours:.4f} against {theirs:.4f}, "
    bounds = "" if row["low"] is None else f" (95 % {row['low']:+.4f} … {row['high']:+.4f})"
    chance = "" if row["p_adjusted"] is None else f", p {row['p_adjusted']:.2g}"
    users = f" over {row['users']:,} users"
    return f"the model {what} {name} in {row['metric']}: {figures}difference {row['value']:+.4f}{bounds}{chance}{users}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
