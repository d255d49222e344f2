"""Generalised binary cross-entropy, gSASRec's loss (Petrov and Macdonald 2023, arXiv:2308.07192).

Negatives that are drawn make positives too frequent, and a model that learns so is overconfident: the scores of what
it ranks first are all near 1 and hardly differ. The likelihood of the target to a power β < 1 undoes it:
(-β log σ(s_t) - Σ_j log(1 - σ(s_j))) / (n + 1) with β = α (t (1 - 1/α) + 1/α), α = n / (C - 1) the share of the
C - 1 other candidates that is drawn, and t the calibration. As -β log σ(s) is β softplus(-s), no power of a small
number is ever taken, for which the authors' code needs 64 bits.
"""

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import GbceLossConfig
from interest_spark.config.training.samplers import UniformSamplerConfig
from interest_spark.models.losses.negative_loss import NegativeLoss
from interest_spark.models.losses.samplers.uniform import UniformSampler


class GeneralisedBinaryCrossEntropy(NegativeLoss):
    """Binary cross-entropy against uniform negatives with the target's likelihood to the power beta; a Loss."""

    def __init__(self, candidates: np.ndarray, config: GbceLossConfig, precision: tf.DType = tf.float32) -> None:
        uniform = UniformSamplerConfig(negatives=config.negatives)
        super().__init__(candidates, UniformSampler(uniform, candidates), precision=precision)
        self.beta = beta(config.negatives, len(candidates), config.calibration)

    def contrast(
        self, positive: tf.Tensor, negative: tf.Tensor, competes: tf.Tensor, log_expected: tf.Tensor
    ) -> tf.Tensor:
        yes, no = self.beta * tf.nn.softplus(-positive), tf.nn.softplus(negative) * competes
        return (yes + tf.reduce_sum(no, axis=1)) / (1.0 + negative.shape[1])


def beta(negatives: int, candidates: int, calibration: float) -> float:
    """The power of the target's likelihood.

    >>> beta(256, 3417, calibration=0.0), round(beta(256, 3417, calibration=1.0), 4)
    (1.0, 0.0749)
    """
    share = min(negatives / max(candidates - 1, 1), 1.0)
    return share * (calibration * (1 - 1 / share) + 1 / share)


def build(config: GbceLossConfig, items: pa.Table, precision: tf.DType) -> GeneralisedBinaryCrossEntropy:
    """The loss over the candidates `items` (read_candidates)."""
    return GeneralisedBinaryCrossEntropy(items["item_index"].to_numpy(), config, precision)
