"""Binary cross-entropy: the target is one, each of the negatives is none (Kang and McAuley 2018, arXiv:1808.09781).

Of n negatives: (-log σ(s_t) - Σ_j log(1 - σ(s_j))) / (n + 1). SASRec drew one negative a token; here all tokens of a
draw share n, whose scores are one matrix product.
"""

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import BceLossConfig
from interest_spark.models.losses.focal import focused
from interest_spark.models.losses.negative_loss import NegativeLoss
from interest_spark.models.losses.samplers.sampler import Sampler, build_sampler


class BinaryCrossEntropy(NegativeLoss):
    """The mean of the binary cross-entropies of a target and its negatives; a Loss. focal_gamma: see `focal`."""

    def __init__(
        self, candidates: np.ndarray, sampler: Sampler, focal_gamma: float = 0.0, precision: tf.DType = tf.float32
    ) -> None:
        super().__init__(candidates, sampler, precision=precision)
        self._gamma = focal_gamma

    def contrast(
        self, positive: tf.Tensor, negative: tf.Tensor, competes: tf.Tensor, log_expected: tf.Tensor
    ) -> tf.Tensor:
        yes = focused(tf.nn.softplus(-positive), self._gamma)  # -log σ(s)
        no = focused(tf.nn.softplus(negative), self._gamma) * competes  # -log(1 - σ(s))
        return (yes + tf.reduce_sum(no, axis=1)) / (1.0 + negative.shape[1])


def build(config: BceLossConfig, items: pa.Table, precision: tf.DType) -> BinaryCrossEntropy:
    """The loss over the candidates `items` (read_candidates)."""
    sampler = build_sampler(config.sampler, items["events"].to_numpy())
    return BinaryCrossEntropy(items["item_index"].to_numpy(), sampler, config.focal_gamma, precision)
