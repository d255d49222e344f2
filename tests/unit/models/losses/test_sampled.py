"""The sampled softmax has the full one's gradient in the mean, and only with its correction."""

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from interest_spark.config.training.losses import SampledLossConfig
from interest_spark.config.training.samplers import PopularitySamplerConfig, SamplerConfig, UniformSamplerConfig
from interest_spark.models.losses.full import FullCrossEntropy
from interest_spark.models.losses.loss import DrawKeys, Loss, Targets, build_loss

ITEMS, DIM, TOKENS = 2000, 8, 64
CANDIDATES = np.arange(2, ITEMS + 2, dtype=np.int32)
EVENTS = (100_000 / np.arange(1, ITEMS + 1) ** 1.1).astype(np.int64)  # Zipf

KEYS = DrawKeys(tf.constant([0, 0]), tf.constant([[0, 1]]))


class _Table:
    """An item tower that is a table."""

    def __init__(self, table: tf.Variable) -> None:
        self._table = table

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.gather(self._table, rows)


def gradients(loss: Loss, draws: int) -> np.ndarray:
    """The gradient over the table and over the tokens' vectors, float64[n], averaged over draws."""
    random = np.random.default_rng(3)
    table = tf.Variable(random.normal(size=(ITEMS + 2, DIM)).astype(np.float32) * 0.3)
    hidden = tf.constant(random.normal(size=(1, TOKENS, DIM)).astype(np.float32))
    item = tf.constant(random.choice(CANDIDATES, (1, TOKENS), p=EVENTS / EVENTS.sum()))
    targets = Targets(item, tf.ones([1, TOKENS]))

    @tf.function
    def one(key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            value = loss(_Table(table), hidden, targets, DrawKeys(key, key[None]))
        to_table, to_hidden = tape.gradient(value, [table, hidden])
        return tf.convert_to_tensor(to_table), to_hidden

    summed = np.zeros((ITEMS + 2) * DIM + TOKENS * DIM)
    for draw in range(draws):
        summed += np.concatenate([part.numpy().ravel() for part in one(tf.constant([draw, 7]))])
    return summed / draws


SAMPLERS = {"popularity": PopularitySamplerConfig(negatives=1000), "uniform": UniformSamplerConfig(negatives=1000)}


def distance_from_full(config: SampledLossConfig, draws: int = 600) -> float:
    items = pa.table({"item_index": CANDIDATES, "events": EVENTS})
    full = gradients(FullCrossEntropy(CANDIDATES, chunk=64), 1)
    sampled = gradients(build_loss(config, items), draws)
    return float(np.linalg.norm(sampled - full) / np.linalg.norm(full))


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_with_the_correction_the_mean_gradient_is_the_full_one(sampler: SamplerConfig) -> None:
    assert distance_from_full(SampledLossConfig(sampler=sampler)) < 0.02


def test_without_it_the_gradient_is_another() -> None:
    assert distance_from_full(SampledLossConfig(sampler=SAMPLERS["popularity"], correct_sampling=False)) > 0.10


def test_a_target_is_no_negative_of_itself() -> None:
    """With a single candidate the target is all that is ever drawn, and nothing is left to tell it from."""
    items = pa.table({"item_index": np.array([2], np.int32), "events": [5]})
    loss = build_loss(SampledLossConfig(), items)
    table = _Table(tf.Variable(np.ones((3, 4), np.float32)))
    value = loss(table, tf.ones([1, 1, 4]), Targets(tf.constant([[2]]), tf.ones([1, 1])), KEYS)
    assert float(value) == pytest.approx(0.0, abs=1e-6)
