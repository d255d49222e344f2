"""NeuMF: matrix factorisation beside dense layers (He et al. 2017, "Neural Collaborative Filtering", arXiv:1708.05031).

N moments, c candidates, d = dim, m = hidden.
"""

import tensorflow as tf

from interest_spark.config.training.second_stage import NeuMfConfig
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.layers import Dense, Dropout
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.second_stage.second_stage import Moments, SecondStage


class NeuMf(SecondStage):
    """s = g·(u ⊙ e) + mlp([u, e]): the paper's generalised matrix factorisation (GMF) and its tower, added up.

    The user's side u is the network's state, where the paper has a table of users: whoever came after training is
    served from the history like everybody else, and the model does not grow with the shop. The item's side e is the
    item's vector. The weights g start at 1, at which GMF is the network's own score: what the paper reaches by
    training GMF first (section 3.4.1). The tower halves: m, then m / 2 numbers.
    """

    def __init__(self, config: NeuMfConfig, dim: int, parameters: Parameters) -> None:
        self.config, self.looks_back = config, 0
        narrow = max(config.hidden // 2, 1)
        self._factors = parameters.constant("second_stage/factors", 1.0, dim)  # g, [d]
        self._layers = [
            Dense(2 * dim, config.hidden, parameters, "second_stage/wide", glorot=True),
            Dense(config.hidden, narrow, parameters, "second_stage/narrow", glorot=True),
        ]
        self._output = Dense(narrow, 1, parameters, "second_stage/output")

    def score(self, moments: Moments, candidates: tf.Tensor, dropout: Dropout = no_dropout) -> tf.Tensor:
        state = tf.broadcast_to(moments.state[:, None], tf.shape(candidates))
        x = tf.concat([state, candidates], axis=2)  # [N, c, 2 d]
        for layer in self._layers:
            x = dropout(tf.nn.relu(layer(x)), self.config.dropout)
        factorised = tf.linalg.matvec(candidates, moments.state * self._factors)  # [N, c]
        return factorised + self._output(x)[:, :, 0]


build = NeuMf
