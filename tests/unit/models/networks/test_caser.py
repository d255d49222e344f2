"""Caser's filters over all positions are those that one picture after another gives."""

import numpy as np
import tensorflow as tf

from interest_spark.config.training.networks import CaserConfig
from interest_spark.models.card import build_network

T, L, D, N, M = 9, 4, 6, 3, 2
SEGMENT = np.array([1, 1, 1, 1, 1, 1, 2, 2, 2], np.int32)


def test_every_position_is_the_end_of_a_window() -> None:
    random = np.random.default_rng(3)
    config = CaserConfig(dim=D, window=L, horizontal=N, vertical=M, dropout=0.0)
    network = build_network(config, 20, T, seed=1)
    for variable in network.parameters.trainable.values():
        variable.assign(random.normal(size=variable.shape).astype(np.float32))
    weights = network.parameters.values()
    item = random.integers(2, 20, T).astype(np.int32)
    tokens = {"item": item, "segment": SEGMENT, "position": np.zeros(T, np.int32)}
    found = network.encode({name: tf.constant(values[None]) for name, values in tokens.items()})[0].numpy()
    embedded = weights["items"][item] * D**0.5
    for place in range(T):
        first = int(np.argmax(SEGMENT[place] == SEGMENT))
        expected = one_window(embedded[first : place + 1][-L:], weights)
        np.testing.assert_allclose(found[place], expected, rtol=1e-4, atol=1e-4)


def one_window(newest_last: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """float32[D] of the last one to L items of a segment, as in equations 3-10 of the paper."""
    picture = np.concatenate([newest_last[::-1], np.zeros((L - len(newest_last), D), np.float32)])  # newest first
    biases = weights["horizontal/bias"].reshape(L, N)
    horizontal = []
    for height in range(1, L + 1):
        ends = range(min(len(newest_last), L - height + 1))  # of windows that end with an item
        values = [picture[end : end + height].ravel() @ weights[f"horizontal_{height}/weight"] for end in ends]
        horizontal.append(np.maximum(np.array(values) + biases[height - 1], 0.0).max(axis=0))
    vertical = weights["vertical/weight"] @ picture
    features = np.concatenate([*horizontal, vertical.ravel()])
    return np.maximum(features @ weights["dense/weight"] + weights["dense/bias"], 0.0)
