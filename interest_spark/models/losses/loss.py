"""Losses over the valid tokens of packed blocks, as sums, so that ranks add up to what one rank would get.

The loss of kind K is `build` of the module `losses/K.py`.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import LossConfig


class ItemTower(Protocol):
    """What a loss needs of a network."""

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        """int32[C] item indexes -> float32[C, d]."""


@dataclass(frozen=True)
class Targets:
    """What the tokens of a batch are to predict: item int32[B, T] (0: nothing) and weight float32[B, T]."""

    item: tf.Tensor
    weight: tf.Tensor


@dataclass(frozen=True)
class DrawKeys:
    """What decides a step's random draws: `shared` int32[2] is the same on all ranks, `streams` int32[S, 2] has a key
    for each of the S streams whose blocks a batch holds, the same number of each, one stream after another.
    """

    shared: tf.Tensor
    streams: tf.Tensor


class Loss(Protocol):
    """Called with the item tower, hidden float32[B, T, d], the targets of these tokens, and the step's keys.

    Returns float32[]: the sum over the targets of weight times loss. What looks at other targets or draws at random
    does so by the shared key or within a stream, so that the sum does not depend on how streams are spread over ranks.
    touches_all_items: whether its gradient reaches
    every candidate in every step; otherwise item tables may be updated in the rows that it did reach.
    """

    @property
    def touches_all_items(self) -> bool: ...

    def __call__(self, tower: ItemTower, hidden: tf.Tensor, targets: Targets, keys: DrawKeys) -> tf.Tensor: ...


class CandidateLabels:
    """Candidates as labels 0 … C - 1, in ascending order of their item_index."""

    def __init__(self, candidates: np.ndarray) -> None:
        label_of_item = np.full(int(candidates[-1]) + 1, -1, np.int32)
        label_of_item[candidates] = np.arange(len(candidates))
        self.item_index = tf.constant(candidates)
        self._label_of_item = tf.constant(label_of_item)

    def of(self, items: tf.Tensor) -> tf.Tensor:
        """int32[…] item indexes -> int32[…]: their labels, -1 for what is no candidate."""
        return tf.gather(self._label_of_item, items)

    def pick(self, hidden: tf.Tensor, targets: Targets) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The N tokens with something to predict: vectors float32[N, d], labels int32[N], weights float32[N]."""
        cells = tf.where((targets.item > 0) & (targets.weight > 0))  # [N, 2]
        labels = self.of(tf.gather_nd(targets.item, cells))
        return tf.gather_nd(hidden, cells), labels, tf.gather_nd(targets.weight, cells)


def build_loss(config: LossConfig, items: pa.Table, precision: tf.DType = tf.float32) -> Loss:
    """The loss that the configuration names, over the candidates `items` (read_candidates)."""
    built: Loss = import_module(f"interest_spark.models.losses.{config.kind}").build(config, items, precision)
    return built
