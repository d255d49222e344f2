"""Whether the model beats the others, and the same in words: first of all, what it loses to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from interest_spark.evaluation.judged_rows import Judged, Row, accuracy_among, told_apart
from interest_spark.evaluation.tally import MODEL

LEVEL = 0.05

Outcome = Literal["loses", "level", "wins"]
OUTCOMES: tuple[Outcome, ...] = ("loses", "level", "wins")
"""In the order in which they are told."""

_VERBS = {"loses": "loses to", "level": "is no better than", "wins": "beats"}


@dataclass(frozen=True)
class Difference:
    """The model's value of a metric less another contender's, with its 95 % interval.

    `paired`: it is the mean of each user's difference; otherwise it follows from the two contenders' own intervals.
    """

    metric: str
    value: float
    low: float | None
    high: float | None
    users: int
    p_adjusted: float | None
    paired: bool

    @property
    def outcome(self) -> Outcome:
        """Lost, or won, where the whole interval is on that side of zero and chance is no explanation, also when all
        tests of the day are taken together (Holm).
        """
        likely = self.p_adjusted is not None and self.p_adjusted > LEVEL
        if self.low is None or self.high is None or likely or self.low <= 0 <= self.high:
            return "level"
        return "wins" if self.low > 0 else "loses"


@dataclass(frozen=True)
class Verdict:
    """The model against one other contender: the differences in metrics of accuracy, what stands for all first."""

    against: str
    differences: tuple[Difference, ...]

    @property
    def outcome(self) -> Outcome:
        """The first metric is what can be won; a contender that any of them is lost to has won."""
        found = [each.outcome for each in self.differences]
        return "loses" if "loses" in found else found[0] if found else "level"

    @property
    def telling(self) -> Difference | None:
        """The difference that the outcome follows from."""
        lost = (each for each in self.differences if each.outcome == "loses")
        return next(lost, self.differences[0] if self.differences else None)


def verdicts(judged: Judged) -> list[Verdict]:
    """One for each other contender, those it loses to first; of these, what it is furthest behind."""
    names = {*judged.figures, *judged.differences} - {MODEL}
    return sorted((_against(judged, name) for name in names), key=_order)


def sentences(rows: Iterable[Row]) -> list[str]:
    """Of a day's rows of `metrics`, of one model: one sentence a difference, lost ones first, and one for all that is
    beaten by every metric.
    """
    judged = told_apart(MODEL, rows)
    found = [each for each in verdicts(judged) if each.differences]
    beaten = [each for each in found if all(difference.outcome == "wins" for difference in each.differences)]
    told = [sentence for each in found if each not in beaten for sentence in _sentences(each, judged)]
    return [*told, f"the model beats {_listed(sorted(each.against for each in beaten))}"] if beaten else told


def _order(verdict: Verdict) -> tuple[int, float, str]:
    telling = verdict.telling
    return OUTCOMES.index(verdict.outcome), telling.value if telling else 0.0, verdict.against


def _against(judged: Judged, name: str) -> Verdict:
    metrics = accuracy_among({*judged.figures.get(MODEL, {}), *judged.differences.get(name, {})})
    found = (_difference(judged, name, metric) for metric in metrics)
    return Verdict(name, tuple(each for each in found if each is not None))


def _difference(judged: Judged, name: str, metric: str) -> Difference | None:
    paired = judged.differences.get(name, {}).get(metric)
    if paired is not None:
        bounds = paired["low"], paired["high"]
        return Difference(metric, paired["value"], *bounds, paired["users"], paired.get("p_adjusted"), paired=True)
    ours, theirs = (judged.figures.get(each, {}).get(metric) for each in (MODEL, name))
    if ours is None or theirs is None:
        return None
    value, ends = ours["value"] - theirs["value"], (ours["low"], ours["high"], theirs["low"], theirs["high"])
    low, high = (None, None) if None in ends else (ours["low"] - theirs["high"], ours["high"] - theirs["low"])
    return Difference(metric, value, low, high, ours["users"], None, paired=False)


def _sentences(verdict: Verdict, judged: Judged) -> list[str]:
    told = sorted(verdict.differences, key=lambda each: OUTCOMES.index(each.outcome))
    return [_sentence(verdict.against, each, judged) for each in told]


def _sentence(name: str, found: Difference, judged: Judged) -> str:
    ours, theirs = (judged.figures.get(each, {}).get(found.metric) for each in (MODEL, name))
    figures = "" if ours is None or theirs is None else f"{ours['value']:.4f} against {theirs['value']:.4f}, "
    kind = "" if found.paired else " by the two intervals"
    bounds = "" if found.low is None else f" (95 %{kind} {found.low:+.4f} … {found.high:+.4f})"
    chance = "" if found.p_adjusted is None else f", p {found.p_adjusted:.2g}"
    what = f"the model {_VERBS[found.outcome]} {name} in {found.metric}"
    return f"{what}: {figures}difference {found.value:+.4f}{bounds}{chance} over {found.users:,} users"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
