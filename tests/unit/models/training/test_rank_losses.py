"""What each rank's own targets have cost: of several ranks alone, whole also where a checkpoint came in between."""

from collections.abc import Sequence

import numpy as np
import pytest

from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.rank_losses import RankLosses
from interest_spark.models.training.step import StepResult


class TwoRanks(OneRank):
    """Rank 1 of two, the other one having gathered `other`."""

    rank, size = 1, 2

    def __init__(self, other: Sequence[float]) -> None:
        self._other = np.array(other, np.float64).view(np.int64)

    def gather(self, values: np.ndarray) -> np.ndarray:
        return np.concatenate([self._other, values])


def step(loss: float, weight: float) -> StepResult:
    figures = {"loss_sum": 9.0, "weight": 9.0, "targets": 9, "wire_bytes": 0, "stop_votes": 0}
    return StepResult(**figures, gradient_norm=1.0, learning_rate=0.1, own_loss_sum=loss, own_weight=weight)


def test_one_rank_has_nobody_to_be_compared_with() -> None:
    losses = RankLosses(OneRank())
    losses.add(step(3.0, 2.0))
    assert losses.means() == []


def test_means_are_over_the_epoch() -> None:
    losses = RankLosses(TwoRanks([0.0, 0.0]))
    losses.add(step(3.0, 2.0))
    losses.add(step(0.1, 2.0))
    assert losses.means() == [0.0, pytest.approx(3.1 / 4)]
    losses.end_epoch()
    assert losses.sums() == [(0.0, 0.0), (0.0, 0.0)]


def test_a_resumed_rank_goes_on_with_its_own_sums() -> None:
    losses = RankLosses(TwoRanks([1.0, 4.0]))
    losses.resume([(1.0, 4.0), (3.0, 2.0)])
    losses.add(step(1.0, 2.0))
    assert losses.sums() == [(1.0, 4.0), (4.0, 4.0)]
    losses.resume([(1.0, 4.0)])  # a checkpoint of another number of ranks
    assert losses.sums()[1] == (0.0, 0.0)
