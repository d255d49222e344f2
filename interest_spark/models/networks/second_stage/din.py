"""DIN: attention of a candidate over the history (Zhou et al. 2018, "Deep Interest Network", arXiv:1706.06978).

N moments, c candidates, L events, d = dim, a = attention, m = hidden.
"""

import tensorflow as tf

from interest_spark.config.training.second_stage import DinConfig
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.layers import Dense, Dropout
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.networks.second_stage.second_stage import Moments, SecondStage

_SLOPE = 0.25  # of what is below zero, as PReLU starts (He et al. 2015)


class Din(SecondStage):
    """Every event is weighed for every candidate, and the events' weighted sum is what the user is to that candidate.

    s = γ u·e + mlp([u, e, p, p ⊙ e]) with u the network's state, e the candidate, and p = Σ_l w(h_l, e) h_l. As in
    the paper the weights w, a small network of h, e and h ⊙ e, are not made to sum up to one: how many events go
    with a candidate counts. The network's own score, the product u·e, stays part of the sum, so that training begins
    with the order of the first stage and learns what is wrong with it. PReLU takes the place of Dice, whose batch
    statistics would make a rank's result depend on the other ranks. What an event is, is its item's vector and how
    many events it lies back.
    """

    def __init__(self, config: DinConfig, dim: int, parameters: Parameters) -> None:
        self.config, self.looks_back = config, config.history
        name = "second_stage"
        self._ages = parameters.normal(f"{name}/ages", config.history, dim)  # [L, d]
        self._of_event = Dense(dim, config.attention, parameters, f"{name}/event", glorot=True)
        self._of_candidate = Dense(dim, config.attention, parameters, f"{name}/candidate", glorot=True, bias=False)
        self._of_both = parameters.glorot(f"{name}/both", dim, config.attention)  # [d, a]
        self._weigh = Dense(config.attention, 1, parameters, f"{name}/weigh", glorot=True)
        self._expand = Dense(4 * dim, config.hidden, parameters, f"{name}/expand", glorot=True)
        self._contract = Dense(config.hidden, 1, parameters, f"{name}/contract")
        self._prior = parameters.constant(f"{name}/prior", 1.0)  # γ

    def score(self, moments: Moments, candidates: tf.Tensor, dropout: Dropout = no_dropout) -> tf.Tensor:
        pooled = self._pooled(moments, candidates)  # [N, c, d]
        state = tf.broadcast_to(moments.state[:, None], tf.shape(candidates))
        features = tf.concat([state, candidates, pooled, pooled * candidates], axis=2)  # [N, c, 4 d]
        inner = dropout(tf.nn.leaky_relu(self._expand(features), _SLOPE), self.config.dropout)
        prior = tf.linalg.matvec(candidates, moments.state)  # [N, c]
        return self._prior * prior + self._contract(inner)[:, :, 0]

    def _pooled(self, moments: Moments, candidates: tf.Tensor) -> tf.Tensor:
        """float32[N, c, d]: what the history is to each candidate."""
        count, width = tf.shape(candidates)[1], self._of_both.shape[1]
        events = moments.history + self._ages  # [N, L, d]
        # h ⊙ e times a matrix is h times the matrix with its rows scaled by e: nothing of size N c L d is made.
        scaled = candidates[:, :, :, None] * self._of_both  # [N, c, d, a]
        scaled = tf.reshape(tf.transpose(scaled, [0, 2, 1, 3]), [-1, scaled.shape[2], count * width])  # [N, d, c a]
        both = tf.reshape(tf.matmul(events, scaled), [-1, events.shape[1], count, width])  # [N, L, c, a]
        inner = both + self._of_event(events)[:, :, None] + self._of_candidate(candidates)[:, None]
        inner = tf.nn.leaky_relu(inner, _SLOPE)
        flat = tf.reshape(inner, [-1, events.shape[1] * count, width])
        weights = tf.reshape(self._weigh(flat), [-1, events.shape[1], count])  # [N, L, c]
        weights *= tf.cast(moments.known, tf.float32)[:, :, None]
        return tf.matmul(weights, moments.history, transpose_a=True)


build = Din
