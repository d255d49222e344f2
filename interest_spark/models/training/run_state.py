"""How far a training run has come: all that the next step depends on beside the weights and the optimiser."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.training.step import StepResult


@dataclass
class RunState:
    """Counts from the start of the run; the data cursor is (`epochs`, `epoch_steps`), since the order of an epoch's
    batches follows from the seed and its number. `loss` is the weighted mean over the newest whole epoch. `rank_sums`:
    the loss and the weight that each rank has summed up in the epoch that is under way, as of a checkpoint.
    """

    epochs: int = 0  # finished ones
    steps: int = 0
    epoch_steps: int = 0  # of the epoch that is under way
    epoch_loss: float = 0.0
    epoch_weight: float = 0.0
    targets: int = 0
    wire_bytes: int = 0
    loss: float = 0.0
    best_ndcg: float = -math.inf
    best_epoch: int = 0
    worse_epochs: int = 0  # validated ones since the best
    rank_sums: list[tuple[float, float]] = field(default_factory=list)

    def add(self, result: StepResult) -> None:
        """Take in the figures of one more step."""
        self.steps += 1
        self.epoch_steps += 1
        self.epoch_loss += result.loss_sum
        self.epoch_weight += result.weight
        self.targets += result.targets
        self.wire_bytes += result.wire_bytes

    def end_epoch(self) -> None:
        """The present epoch is over."""
        self.epochs += 1
        self.loss = self.epoch_loss / self.epoch_weight if self.epoch_weight else 0.0
        self.epoch_steps, self.epoch_loss, self.epoch_weight, self.rank_sums = 0, 0.0, 0.0, []

    def add_validation(self, ndcg: float) -> bool:
        """Take in the newest epoch's validation figure; returns whether it is the best so far."""
        better = ndcg > self.best_ndcg
        if better:
            self.best_ndcg, self.best_epoch, self.worse_epochs = ndcg, self.epochs, 0
        else:
            self.worse_epochs += 1
        return better

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> "RunState":
        """What `as_json` gave. Raises BadDataError for that of another version of this code."""
        unknown = set(values) - {each.name for each in fields(cls)}
        if unknown:
            raise BadDataError(f"a checkpoint's state has {', '.join(sorted(unknown))}; an earlier one is taken")
        try:
            return TypeAdapter(cls).validate_python(values)
        except ValidationError as error:
            where = error.errors()[0]["loc"]
            raise BadDataError(f"a checkpoint's state has another {where}; an earlier one is taken") from None

    def as_json(self) -> dict[str, Any]:
        """JSON has no infinity, so a figure that was never taken is left out."""
        return {name: value for name, value in asdict(self).items() if value != -math.inf}
