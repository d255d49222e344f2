"""One training step over all ranks, as one graph."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from interest_spark.errors import BadDataError
from interest_spark.model.adam import Adam
from interest_spark.model.collectives import Ranks
from interest_spark.model.dropout import StreamDropout
from interest_spark.model.losses import FullCrossEntropy
from interest_spark.model.reader import NO_BLOCK, Batch
from interest_spark.model.sasrec import SasRec


@dataclass(frozen=True)
class StepResult:
    """Figures of one step over all ranks: the summed loss and the number of targets it sums over."""

    loss_sum: float
    targets: int


class TrainStep:
    """Forward, backward, sum over ranks, update.

    Gradients are sums over this rank's targets; the sum over ranks divided by the global count is what one rank
    with the whole batch would get, however the targets are spread.
    """

    def __init__(self, network: SasRec, loss: FullCrossEntropy, adam: Adam, ranks: Ranks, dropout: float) -> None:
        self._network, self._loss, self._adam, self._ranks = network, loss, adam, ranks
        self._rate = dropout
        self._variables = list(network.parameters.by_name.values())
        self._run = tf.function(self._graph)

    def __call__(self, batch: Batch, keys: np.ndarray, step: int) -> StepResult:
        """keys: int32[streams, 2], the dropout keys of this rank's streams. Raises BadDataError on NaN or infinity."""
        tokens = {name: tf.constant(values) for name, values in batch.tokens.items()}
        local, loss_sum, targets, norm = (value.numpy() for value in self._run(tokens, tf.constant(keys)))
        if not np.isfinite(loss_sum) or not np.isfinite(norm):
            self._refuse(batch, step, blame=not np.isfinite(local))
        return StepResult(float(loss_sum), int(targets))

    def _graph(self, tokens: Mapping[str, tf.Tensor], keys: tf.Tensor) -> tuple[tf.Tensor, ...]:
        dropout = StreamDropout(self._rate, keys)
        with tf.GradientTape() as tape:
            hidden = self._network.encode(tokens, dropout)  # [B, T, d]
            local, count = self._loss(self._network, hidden, tokens["target"])
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(local, self._variables)]
        *gradients, loss_sum, targets = self._ranks.sum([*gradients, local, count])
        gradients = [gradient / tf.maximum(targets, 1.0) for gradient in gradients]
        self._adam.apply(gradients)
        return local, loss_sum, targets, tf.linalg.global_norm(gradients)

    def _refuse(self, batch: Batch, step: int, *, blame: bool) -> None:
        """All ranks come here in the same step: the loss and the norm they look at are the same."""
        mine = batch.block_id[batch.block_id != NO_BLOCK]
        blamed = self._ranks.gather(mine if blame else mine[:0])
        blocks = blamed if len(blamed) else self._ranks.gather(mine)
        raise BadDataError(
            f"step {step}: the loss or its gradient is not a number; its blocks are "
            f"{', '.join(map(str, blocks[:8]))}{' …' if len(blocks) > 8 else ''}; nothing was published: "
            "lower train.learning_rate, or look at these rows of train_blocks"
        )
