"""A trained second stage at work: candidates in, scores out, a bounded number of pairs at once.

N users, c candidates of each, L events looked back on, d = dim.
"""

import numpy as np
import tensorflow as tf

from interest_spark.models.networks.second_stage.second_stage import Moments, SecondStage

NO_ITEM = -1
_PAIRS_AT_ONCE = 1 << 17  # of a candidate and an event: 16 MB of what an attention of 32 numbers holds of each
_LEAST_EVENTS = 16  # that a candidate counts for where no event is looked at: the dense layers hold numbers, too


class Reranker:
    """Scores of items, which are told by their places among the rows of `item_vectors`, float32[C, d].

    candidates: how many of a user's best items it is to be given. looks_back: L.
    """

    def __init__(self, stage: SecondStage, item_vectors: np.ndarray) -> None:
        self.candidates, self.looks_back = stage.config.candidates, stage.looks_back
        self._stage, self._vectors = stage, tf.constant(item_vectors)
        dim = item_vectors.shape[1]
        places = tf.TensorSpec([None, None], tf.int32)
        history = tf.TensorSpec([None, self.looks_back], tf.int32)
        signature = [tf.TensorSpec([None, dim], tf.float32), history, places]
        self._score = tf.function(self._graph, input_signature=signature, autograph=False)

    def score(self, states: np.ndarray, history: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """float32[N, c], -inf for no item.

        states: float32[N, d], the network's vectors. history: int[N, L], places of the users' last items, the newest
        last. asked: int[N, c]. NO_ITEM stands for none in either.
        """
        scores = np.full(asked.shape, -np.inf, np.float32)
        step = max(1, _PAIRS_AT_ONCE // (max(asked.shape[1], 1) * max(self.looks_back, _LEAST_EVENTS)))
        for first in range(0, len(asked), step):
            part = slice(first, first + step)
            inputs = states[part], history[part].astype(np.int32), asked[part].astype(np.int32)
            scores[part] = self._score(*(tf.constant(each) for each in inputs)).numpy()
        scores[asked == NO_ITEM] = -np.inf
        return scores

    def _graph(self, states: tf.Tensor, history: tf.Tensor, asked: tf.Tensor) -> tf.Tensor:
        known = history != NO_ITEM
        events, candidates = (tf.gather(self._vectors, tf.maximum(places, 0)) for places in (history, asked))
        return self._stage.score(Moments(states, events, known), candidates)
