"""Whether a newer model takes the champion's place.

Being no worse is not enough: a change of models moves everybody's lists, and of two equal ones the champion stays. By
the metric that decides, the paired 95 % interval of challenger minus champion lies above the gain that is worth it; and
no interval, of that metric or of a guard, reaches below the loss that is tolerated. Were the gain 0, an equal model
would be promoted by chance once in forty times; with one of 1 %, where the standard error is 1 % of the figure as well,
less than twice in a thousand. Each model is judged once: who looks every night at the same two until chance helps
promotes equal ones sooner or later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from interest_spark.config.promote import PromoteConfig
from interest_spark.evaluation.compare import Compared
from interest_spark.evaluation.statistics.paired import PairedInterval

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Verdict:
    """What became of a challenger and why, with the difference (challenger minus champion) that decided."""

    decided: Literal["promoted", "refused", "kept"]
    reason: str
    metric: str
    difference: PairedInterval


@dataclass(frozen=True)
class _Pair:
    """One metric: the champion's mean, and what the challenger has above it."""

    metric: str
    champion: float
    difference: PairedInterval

    def told(self) -> str:
        found = self.difference
        return f"{self.metric} {found.difference:+.4f} ({found.low:+.4f} … {found.high:+.4f}) over {found.users} users"

    def may_lose_more_than(self, share: float) -> bool:
        return self.difference.low is None or self.difference.low < -share * self.champion

    def gains_more_than(self, share: float) -> bool:
        return self.difference.low is not None and self.difference.low > share * self.champion


def judge_challenger(found: Sequence[Compared], rules: PromoteConfig) -> Verdict:
    """The verdict on what `compare_lists` says of the models CHAMPION and CHALLENGER, in this order.

    `found` has the metrics of `rules`, the one that decides first.
    """
    champions = {each.metric: each.value.difference for each in found if each.model == CHAMPION}
    pairs = [
        _Pair(each.metric, champions[each.metric], each.difference)
        for each in found
        if each.model == CHALLENGER and each.difference
    ]
    first = pairs[0]
    if first.difference.low is None:
        users = first.difference.users
        return Verdict("kept", f"{users} users did something to judge by, too few", first.metric, first.difference)
    lost = [each for each in pairs if each.may_lose_more_than(rules.tolerance)]
    if lost:
        reason = (
            f"a loss of more than {rules.tolerance:.2%} of {lost[0].champion:.4f} is not excluded: {lost[0].told()}"
        )
        return Verdict("refused", reason, first.metric, first.difference)
    gain = f"a gain of more than {rules.gain:.2%} of {first.champion:.4f}"
    if first.gains_more_than(rules.gain):
        return Verdict("promoted", f"{gain} is shown: {first.told()}", first.metric, first.difference)
    return Verdict("kept", f"{gain} is not shown: {first.told()}", first.metric, first.difference)
