"""Who is promoted, by planted figures of users: worse models never are, clearly better ones are, equal ones are not."""

from collections.abc import Callable

import numpy as np
import pytest

from interest_spark.config.promote import PromoteConfig
from interest_spark.evaluation.compare import Compared
from interest_spark.evaluation.promotion import CHALLENGER, CHAMPION, Verdict, judge_challenger
from interest_spark.evaluation.statistics.paired import PairedInterval, paired_interval

USERS, K, RESAMPLES = 8_000, 10, 400
RULES = PromoteConfig()
Metric = Callable[[np.ndarray], np.ndarray]


def ndcg(place: np.ndarray) -> np.ndarray:
    """Of one relevant item at that place from 0, K for nowhere."""
    return np.where(place < K, 1 / np.log2(place + 2), 0.0)


def recall(place: np.ndarray) -> np.ndarray:
    return (place < K).astype(np.float64)


def places(random: np.random.Generator, found: float, moved: float) -> tuple[np.ndarray, np.ndarray]:
    """Where champion and challenger have each user's item: as training twice gives it, many users differ.

    The champion finds half of the items, the challenger `found` times as many; lists of a share `moved` of the users
    have nothing to do with the champion's. The standard error of the difference is then .8 % of the champion's NDCG.
    """
    share = 0.5
    champion = np.where(random.random(USERS) < share, random.integers(0, K, USERS), K)
    anew = np.where(random.random(USERS) < share * (1 + (found - 1) / moved), random.integers(0, K, USERS), K)
    return champion, np.where(random.random(USERS) < moved, anew, champion)


def verdict(seed: int, found: float, moved: float = 0.1, rules: PromoteConfig = RULES) -> Verdict:
    champion, challenger = places(np.random.default_rng(seed), found, moved)
    champions = [
        Compared(CHAMPION, f"{name}@{K}", PairedInterval(float(metric(champion).mean()), None, None, USERS), None)
        for name, metric in (("ndcg", ndcg), ("recall", recall))
    ]
    challengers = [
        Compared(CHALLENGER, f"{name}@{K}", champions[0].value, _difference(metric, champion, challenger, seed))
        for name, metric in (("ndcg", ndcg), ("recall", recall))
    ]
    return judge_challenger([*champions, *challengers], rules)


def _difference(metric: Metric, champion: np.ndarray, challenger: np.ndarray, seed: int) -> PairedInterval:
    return paired_interval(metric(challenger), metric(champion), resamples=RESAMPLES, seed=seed)


def test_of_twenty_worse_ones_all_are_refused() -> None:
    assert {verdict(seed, 0.95).decided for seed in range(20)} == {"refused"}


def test_of_twenty_better_ones_nineteen_are_promoted() -> None:
    found = [verdict(seed, 1.05).decided for seed in range(20)]
    assert found.count("promoted") >= 19


def test_of_twenty_equal_ones_none_replaces_the_champion() -> None:
    assert "promoted" not in [verdict(seed, 1.0).decided for seed in range(20)]


def test_the_same_lists_change_nothing() -> None:
    same = verdict(1, 1.0, moved=1e-9)
    assert same.decided == "kept"
    assert (same.difference.difference, same.difference.low) == (0.0, 0.0)


def compared(difference: tuple[float, float, float], guard: tuple[float, float, float]) -> list[Compared]:
    mean = PairedInterval(0.2, 0.19, 0.21, 900)
    pairs = [("ndcg@10", difference), ("recall@10", guard)]
    return [
        *(Compared(CHAMPION, name, mean, None) for name, _ in pairs),
        *(Compared(CHALLENGER, name, mean, PairedInterval(*bounds, 900)) for name, bounds in pairs),
    ]


BETTER, SAME, TIRED = (0.02, 0.01, 0.03), (0.001, -0.001, 0.002), (-0.01, -0.02, 0.0)
LITTLE = (0.003, 0.001, 0.005)


@pytest.mark.parametrize(
    ("difference", "guard", "tolerance", "decided"),
    [
        (BETTER, BETTER, 0.0, "promoted"),
        (BETTER, SAME, 0.01, "promoted"),
        (BETTER, SAME, 0.0, "refused"),  # the guard's interval reaches below nothing lost
        (BETTER, TIRED, 0.01, "refused"),
        (BETTER, TIRED, 0.1, "promoted"),  # a tenth of 0.2
        (SAME, BETTER, 0.01, "kept"),
        (LITTLE, BETTER, 0.01, "kept"),  # above zero, but less than a hundredth of 0.2
        (TIRED, BETTER, 0.1, "kept"),
        (TIRED, BETTER, 0.01, "refused"),
    ],
)
def test_the_rules(
    difference: tuple[float, float, float], guard: tuple[float, float, float], tolerance: float, decided: str
) -> None:
    found = judge_challenger(compared(difference, guard), PromoteConfig(tolerance=tolerance))
    assert (found.decided, found.metric) == (decided, "ndcg@10")
    assert found.difference.difference == difference[0]


@pytest.mark.parametrize("users", [0, 1])
def test_nobody_and_one_user_judge_nothing(users: int) -> None:
    none = PairedInterval(0.0, None, None, users)
    rows = [Compared(CHAMPION, "ndcg@10", none, None), Compared(CHALLENGER, "ndcg@10", none, none)]
    found = judge_challenger(rows, PromoteConfig(guards=()))
    assert found.decided == "kept" and f"{users} users" in found.reason
