"""One training step over all ranks, as one graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.data.reader import NO_BLOCK, Batch
from interest_spark.models.losses.loss import DrawKeys, Loss, Targets
from interest_spark.models.networks.dropout import StreamDropout, shared_key, stream_keys
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.network import Network, Tokens
from interest_spark.models.optimizers.optimizer import Optimizer
from interest_spark.models.parallel.collectives import Ranks
from interest_spark.models.parallel.exchange import exchange
from interest_spark.models.training.objectives import Objective
from interest_spark.models.training.second_stage_loss import SecondStageLoss
from interest_spark.models.training.target_weights import TargetWeights


@dataclass(frozen=True)
class StepResult:
    """Figures of one step over all ranks: the weighted loss and the weights it sums over, the number of targets,
    the bytes that each rank gave to the others, how many ranks want to stop, the norm of the whole gradient before it
    is clipped, and the step's learning rate. `own_…`: this rank's part of the sums.
    """

    loss_sum: float
    weight: float
    targets: int
    wire_bytes: int
    stop_votes: int
    gradient_norm: float
    learning_rate: float
    own_loss_sum: float
    own_weight: float


class AddedLoss(Protocol):
    """A loss beside that of the targets, which depends on the streams' keys and tokens alone."""

    def __call__(
        self, network: Network, tokens: Tokens, targets: Targets, dropout: Dropout, keys: tf.Tensor
    ) -> tf.Tensor:
        """float32[]: a sum like that of the targets, to be divided by the weight of all of them; tokens as in the
        blocks, targets with their weights, int32[S, 2] keys of the streams.
        """


@dataclass(frozen=True)
class StepSettings:
    """`targets`: finds a batch's targets and their weights. `row_wise`: the names of item tables that are updated in
    the rows of the batch alone, if their gradient is one of rows. `seed` decides dropout, samples and what an objective
    hides. `added`: further losses. `second_stage`: what teaches the network's second stage, if it has one.
    """

    targets: TargetWeights
    row_wise: frozenset[str]
    precision: tf.DType
    seed: int
    added: Sequence[AddedLoss] = ()
    second_stage: SecondStageLoss | None = None


class TrainStep:
    """Forward, backward, sum over ranks, update.

    Gradients are sums over this rank's targets; the sum over ranks divided by the global weight is what one rank
    with the whole batch would get, however the targets are spread.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        loss: Loss,
        optimizer: Optimizer,
        ranks: Ranks,
        settings: StepSettings,
    ) -> None:
        self._network, self._objective, self._loss, self._optimizer = network, objective, loss, optimizer
        self._ranks, self._settings = ranks, settings
        self._variables = list(network.parameters.trainable.values())
        self._row_wise = [name in settings.row_wise for name in network.parameters.trainable]
        self._run = tf.function(self._graph, autograph=False)  # it has no Python control flow; 3 s less

    def __call__(self, batch: Batch, streams: Sequence[int], step: int, stop: bool = False) -> StepResult:
        """Take step number `step`, whose batch holds blocks of `streams`. Raises BadDataError on NaN or infinity."""
        seed = self._settings.seed
        keys = tf.constant(stream_keys(seed, step, streams)), tf.constant(shared_key(seed, step))
        tokens = {name: tf.constant(values) for name, values in batch.tokens.items()}
        figures = self._run(tokens, *keys, tf.constant(float(stop)))
        local, own_weight, loss_sum, weight, targets, votes, norm, wire = (float(figure) for figure in figures)
        if not np.isfinite(loss_sum) or not np.isfinite(norm):
            self._refuse(batch, step, blame=not np.isfinite(local))
        rate = self._optimizer.rate(step)
        return StepResult(loss_sum, weight, int(targets), int(wire), int(votes), norm, rate, local, own_weight)

    def _graph(
        self, tokens: Mapping[str, tf.Tensor], keys: tf.Tensor, shared: tf.Tensor, stop: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        seen, targets = self._objective(tokens, self._settings.targets(tokens), keys)
        dropout = StreamDropout(keys)
        with tf.GradientTape() as tape:
            hidden = self._network.encode(seen, dropout, self._settings.precision)  # [B, T, d]
            losses = [self._loss(self._network, hidden, targets, DrawKeys(shared, keys))]
            losses += [added(self._network, tokens, targets, dropout, keys) for added in self._settings.added]
            if self._settings.second_stage is not None:
                losses.append(self._settings.second_stage(self._network, seen, hidden, targets, dropout, keys))
            local = tf.add_n(losses)
        gradients = tape.gradient(local, self._variables)
        own_weight = tf.reduce_sum(targets.weight)
        count = tf.reduce_sum(tf.cast(targets.weight > 0, tf.float32))
        # A network that reaches all items itself, say by their mean, has a gradient of the whole table.
        row_wise = [
            wanted and isinstance(gradient, tf.IndexedSlices)
            for wanted, gradient in zip(self._row_wise, gradients, strict=True)
        ]
        summed = exchange(self._ranks, gradients, row_wise, [local, own_weight, count, stop])
        loss_sum, weight, count, votes = summed.scalars
        share = tf.math.divide_no_nan(1.0, weight)
        norm = self._optimizer.apply([_scaled(gradient, share) for gradient in summed.gradients])
        return local, own_weight, loss_sum, weight, count, votes, norm, summed.wire_bytes

    def _refuse(self, batch: Batch, step: int, *, blame: bool) -> None:
        """All ranks come here in the same step: the loss and the norm they look at are the same."""
        mine = batch.block_id[batch.block_id != NO_BLOCK]
        blamed = self._ranks.gather(mine if blame else mine[:0])
        blocks = blamed if len(blamed) else self._ranks.gather(mine)
        raise BadDataError(
            f"step {step}: the loss or its gradient is not a number; its blocks are "
            f"{', '.join(map(str, blocks[:8]))}{' …' if len(blocks) > 8 else ''}; nothing was published: "
            "lower train.optimizer.learning_rate, or look at these rows of train_blocks"
        )


def _scaled(gradient: tf.Tensor | tf.IndexedSlices, share: tf.Tensor) -> tf.Tensor | tf.IndexedSlices:
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values * share, gradient.indices, gradient.dense_shape)
    return gradient * share
