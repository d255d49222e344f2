"""What training, validation and scoring need of a second stage of any kind.

The network, the first stage, finds candidates by products of vectors, which is fast enough for a whole catalogue. The
second stage says of each candidate how well it goes with the history, pair by pair, which no product of two vectors
can say. N moments of users, c candidates of each, L events looked back on, d = dim.

The second stage of kind K is `build` of the module `second_stage/K.py`.
"""

from abc import ABC, abstractmethod
from importlib import import_module
from typing import NamedTuple

import tensorflow as tf

from interest_spark.config.training.second_stage import SecondStageConfig
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.layers import Dropout
from interest_spark.models.networks.parameters import Parameters
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX, PADDING_INDEX


class Moments(NamedTuple):
    """N users, each at some event: `state` float32[N, d], the network's vector of the history up to then; `history`
    float32[N, L, d], the vectors of the last items in it, the newest last; `known` bool[N, L], where there is one.
    """

    state: tf.Tensor
    history: tf.Tensor
    known: tf.Tensor


class SecondStage(ABC):
    """Scores of candidates, made of frozen vectors of the first stage and weights of its own.

    `config`: its section. `looks_back`: L, how many events it looks at, 0 for none.
    """

    config: SecondStageConfig
    looks_back: int

    @abstractmethod
    def score(self, moments: Moments, candidates: tf.Tensor, dropout: Dropout = no_dropout) -> tf.Tensor:
        """float32[N, c] of candidates' vectors, float32[N, c, d]: higher is better, within a user."""


def build_second_stage(config: SecondStageConfig, dim: int, parameters: Parameters) -> SecondStage:
    """The second stage that the configuration names; its weights are kept among the network's `parameters`."""
    built: SecondStage = import_module(f"interest_spark.models.networks.second_stage.{config.kind}").build(
        config, dim, parameters
    )
    return built


def last_items(item: tf.Tensor, segment: tf.Tensor, cells: tf.Tensor, count: int) -> tf.Tensor:
    """int32[N, count]: the items of the segment up to each cell, the newest last, PADDING_INDEX where there is none.

    item, segment: int32[B, T]. cells: int[N, 2], block and token. A hidden or unknown item is none.
    """
    block, place = tf.cast(cells[:, :1], tf.int32), tf.cast(cells[:, 1:], tf.int32)
    places = place + tf.range(1 - count, 1)  # [N, count]
    inside = tf.maximum(places, 0)
    where = tf.stack([tf.broadcast_to(block, tf.shape(inside)), inside], axis=2)
    found = tf.gather_nd(item, where)
    own = tf.gather_nd(segment, where) == tf.gather_nd(segment, tf.concat([block, place], axis=1))[:, None]
    return tf.where(own & (places >= 0) & (found >= FIRST_ITEM_INDEX), found, PADDING_INDEX)
