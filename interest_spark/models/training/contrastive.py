"""A second loss for each batch: two views of a history are to be nearer to each other than to other histories' views.

CL4SRec, Xie et al. 2022, arXiv:2010.14395, with cosines over a temperature as in SimCLR (Chen et al. 2020,
arXiv:2002.05709). Both views are encoded as the batch itself is, so a step costs three times as much.
"""

import tensorflow as tf

from interest_spark.config.training.helpers import ContrastiveConfig
from interest_spark.config.training.network_section import NetworkSection
from interest_spark.models.losses.loss import Targets
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.network import Network, Tokens
from interest_spark.models.training.views import Views

_NEVER = 1e9


class ContrastiveLoss:
    """The mean loss of a stream's histories, which counts `weight` times and weighs what the stream's targets weigh.

    So it depends on the stream alone, and sums over streams divided by the weight of all targets are means again.
    """

    def __init__(self, config: ContrastiveConfig, network: NetworkSection, precision: tf.DType) -> None:
        self._config, self._precision = config, precision
        self._views = Views(config, network)

    def __call__(
        self, network: Network, tokens: Tokens, targets: Targets, dropout: Dropout, keys: tf.Tensor
    ) -> tf.Tensor:
        """What to add to the batch's loss, float32[]; keys: int32[S, 2], a key for each stream."""
        streams = keys.shape[0]
        views = []
        for number in (1, 2):
            changed, read = self._views(tokens, keys, number)
            hidden = network.encode(changed, dropout, self._precision)  # [B, T, d]
            views.append(list(zip(tf.split(hidden, streams), tf.split(read, streams), strict=True)))
        pairs = [[tf.boolean_mask(*part) for part in stream] for stream in zip(*views, strict=True)]
        weights = [tf.reduce_sum(part) for part in tf.split(targets.weight, streams)]
        means = [contrast(first, second, self._config.temperature) for first, second in pairs]
        return self._config.weight * tf.add_n([w * mean for w, mean in zip(weights, means, strict=True)])


def contrast(first: tf.Tensor, second: tf.Tensor, temperature: float) -> tf.Tensor:
    """The mean InfoNCE of 2 M views, each to be told among the others as the partner of its own, float32[].

    first, second: float32[M, d], views of the same M histories. 0 where there is none.
    """
    count = tf.shape(first)[0]
    views = tf.math.l2_normalize(tf.concat([first, second], axis=0), axis=1)  # [2 M, d]
    logits = tf.matmul(views, views, transpose_b=True) / temperature - _NEVER * tf.eye(2 * count)  # [2 M, 2 M]
    partners = tf.concat([views[count:], views[:count]], axis=0)
    own = tf.reduce_sum(views * partners, axis=1) / temperature  # [2 M]
    losses = tf.reduce_logsumexp(logits, axis=1) - own  # TensorFlow's fused kernel refuses a stream without histories
    return tf.math.divide_no_nan(tf.reduce_sum(losses), tf.cast(2 * count, tf.float32))
