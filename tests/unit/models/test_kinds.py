"""Every kind that the configuration knows has its module, which builds it with the configuration's defaults."""

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.training.losses import LossConfig
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.config.training.optimizers import OptimizerConfig
from interest_spark.models.card import build_network
from interest_spark.models.losses.loss import DrawKeys, Targets, build_loss
from interest_spark.models.networks.network import Network
from interest_spark.models.optimizers.optimizer import build_optimizer

T, ITEMS = 6, 20
NETWORKS, LOSSES, OPTIMIZERS = (sections_by_kind(union) for union in (NetworkConfig, LossConfig, OptimizerConfig))


def tokens() -> dict[str, tf.Tensor]:
    item = np.random.default_rng(0).integers(2, ITEMS, (3, T)).astype(np.int32)
    position = np.tile(np.arange(T, dtype=np.int32), (3, 1))
    columns = {"item": item, "position": position, "segment": np.ones_like(item), "minute": 3 * position}
    return {name: tf.constant(values) for name, values in columns.items()}


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_encodes_tokens_and_items_alike_long(kind: str) -> None:
    network = build_network(NETWORKS[kind](), ITEMS, T)
    assert isinstance(network, Network)
    hidden, vectors = network.encode(tokens()), network.item_vectors(tf.constant([2, 3]))
    assert hidden.shape == (3, T, vectors.shape[1])
    for name in network.parameters.item_tables:
        assert network.parameters.trainable[name].shape[0] == ITEMS


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_is_positive_and_says_truly_which_items_it_touches(kind: str) -> None:
    index = np.arange(2, ITEMS, dtype=np.int32)
    section = LOSSES[kind]
    few = {"sampler": {"negatives": 3}, "negatives": 3}
    config = section.model_validate({key: value for key, value in few.items() if key in section.model_fields})
    loss = build_loss(config, pa.table({"item_index": index, "events": index.astype(np.int64)}))
    network = build_network(NETWORKS["sasrec"](), ITEMS, T)
    hidden = tf.stop_gradient(network.encode(tokens()))
    target = tf.constant([[5, 0, 0, 0, 0, 0]] * 3)
    with tf.GradientTape() as tape:
        keys = DrawKeys(tf.constant([1, 2]), tf.constant([[3, 4]]))
        value = loss(network, hidden, Targets(target, tf.ones([3, T])), keys)
    gradient = tf.convert_to_tensor(tape.gradient(value, network.parameters.trainable["items"])).numpy()
    assert float(value) > 0
    assert gradient[2:].any(axis=1).all() == loss.touches_all_items


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_an_optimiser_goes_down_and_keeps_to_the_rows_that_it_is_given(kind: str) -> None:
    start = np.ones((4, 2), np.float32)
    dense, by_rows = tf.Variable(start), tf.Variable(start)
    optimizer = build_optimizer(OPTIMIZERS[kind](), {"dense": dense, "rows": by_rows}, total_steps=5)
    rows = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([3]), tf.constant([4, 2]))
    norm = optimizer.apply([tf.ones([4, 2]), rows])
    assert float(norm) == pytest.approx(10**0.5)
    assert (dense.numpy() < 1).all()
    assert (by_rows.numpy()[:3] == 1).all()
    assert (by_rows.numpy()[3] < 1).all()
    assert all(isinstance(variable, tf.Variable) for variable in optimizer.state.values())
