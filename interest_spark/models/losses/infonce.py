"""InfoNCE: a softmax over cosines divided by a temperature (van den Oord et al. 2018, arXiv:1807.03748).

Of n negatives: -log of exp(c_t / τ) in exp(c_t / τ) + Σ_j exp(c_j / τ) / (n q_j), c the cosine of the vectors of a
token and an item; the correction by the sampler's chances q as in the sampled softmax. Vectors come with unit length
from the network (`train.network.unit_vectors`), where scoring takes them, too: what is served is the product of the
same vectors, and the temperature changes no order.
"""

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import InfoNceLossConfig
from interest_spark.models.losses.focal import focused
from interest_spark.models.losses.negative_loss import NegativeLoss
from interest_spark.models.losses.samplers.sampler import Sampler, build_sampler

_NEVER = 1e9


class InfoNce(NegativeLoss):
    """A Loss over unit vectors. `config` without its sampler, which comes built."""

    def __init__(
        self, candidates: np.ndarray, sampler: Sampler, config: InfoNceLossConfig, precision: tf.DType = tf.float32
    ) -> None:
        super().__init__(candidates, sampler, config.temperature, precision)
        self._correct, self._gamma = config.correct_sampling, config.focal_gamma

    def contrast(
        self, positive: tf.Tensor, negative: tf.Tensor, competes: tf.Tensor, log_expected: tf.Tensor
    ) -> tf.Tensor:
        offset = log_expected if self._correct else 0.0
        logits = tf.concat([positive[:, None], negative - offset - (1.0 - competes) * _NEVER], axis=1)  # [n, 1 + m]
        targets = tf.zeros_like(positive, tf.int32)
        return focused(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits), self._gamma)


def build(config: InfoNceLossConfig, items: pa.Table, precision: tf.DType) -> InfoNce:
    """The loss over the candidates `items` (read_candidates)."""
    sampler = build_sampler(config.sampler, items["events"].to_numpy())
    return InfoNce(items["item_index"].to_numpy(), sampler, config, precision)
