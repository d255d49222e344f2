"""What each rank's own targets have cost within an epoch: a rank that learns worse than the others has other data."""

from collections.abc import Sequence

import numpy as np

from interest_spark.models.parallel.collectives import Ranks
from interest_spark.models.training.step import StepResult


class RankLosses:
    """The sums of one rank; `sums` and `means` are for all ranks to call at once. One rank alone tells nothing.

    They are exchanged once an epoch, and for checkpoints, apart from the gradients: among these they would move the
    order in which Horovod adds up, and with it the last bits of the weights.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks
        self._loss = self._weight = 0.0

    def add(self, result: StepResult) -> None:
        """Take in a step."""
        self._loss += result.own_loss_sum
        self._weight += result.own_weight

    def sums(self) -> list[tuple[float, float]]:
        """(loss, weight) of each rank so far."""
        if self._ranks.size == 1:
            return []
        own = np.array([self._loss, self._weight], np.float64)
        gathered = self._ranks.gather(own.view(np.int64)).view(
            np.float64
        )  # the bits of a float, as ranks pass integers
        return [(float(loss), float(weight)) for loss, weight in gathered.reshape(-1, 2)]

    def means(self) -> list[float]:
        """The mean loss of each rank's targets, 0 where it has had none."""
        return [loss / weight if weight else 0.0 for loss, weight in self.sums()]

    def resume(self, sums: Sequence[tuple[float, float]]) -> None:
        """Go on from what a checkpoint holds; with another number of ranks each has begun anew."""
        mine = sums[self._ranks.rank] if len(sums) == self._ranks.size > 1 else (0.0, 0.0)
        self._loss, self._weight = mine

    def end_epoch(self) -> None:
        """Begin the next one."""
        self._loss = self._weight = 0.0
