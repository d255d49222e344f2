"""Bayesian personalised ranking: the target is to score above each of the negatives (Rendle et al. 2009,
arXiv:1205.2618).

Of n negatives: -Σ_j log σ(s_t - s_j) / n.
"""

import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import BprLossConfig
from interest_spark.models.losses.negative_loss import NegativeLoss
from interest_spark.models.losses.samplers.sampler import build_sampler


class BayesianPersonalisedRanking(NegativeLoss):
    """The mean over the negatives of how far the target is from standing before them; a Loss."""

    def contrast(
        self, positive: tf.Tensor, negative: tf.Tensor, competes: tf.Tensor, log_expected: tf.Tensor
    ) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.softplus(negative - positive[:, None]) * competes, axis=1)


def build(config: BprLossConfig, items: pa.Table, precision: tf.DType) -> BayesianPersonalisedRanking:
    """The loss over the candidates `items` (read_candidates)."""
    sampler = build_sampler(config.sampler, items["events"].to_numpy())
    return BayesianPersonalisedRanking(items["item_index"].to_numpy(), sampler, precision=precision)
