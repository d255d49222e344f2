"""The counted work of a network is the one that is worked out by hand."""

import pytest
import tensorflow as tf

from interest_spark.config.training.networks import LstmConfig, SasRecConfig
from tests.bench import bench_scaling
from tests.bench.matrix_work import counted_products, flops_per_target


def test_every_product_counts_whichever_way_it_is_turned() -> None:
    left, right = tf.ones([3, 5]), tf.ones([5, 7])
    with counted_products() as products:
        tf.matmul(left, right)
        tf.matmul(left, tf.ones([3, 7]), transpose_a=True)
        tf.matmul(tf.ones([2, 4, 3, 5]), tf.ones([2, 4, 6, 5]), transpose_b=True)
    assert products == [2 * 3 * 5 * 7, 2 * 5 * 3 * 7, 2 * 8 * 3 * 5 * 6]
    tf.matmul(left, right)
    assert len(products) == 3


@pytest.mark.parametrize("network", [SasRecConfig(), SasRecConfig(dim=32, heads=2, layers=1, feed_forward=100)])
def test_the_work_of_attention_in_one_span(network: SasRecConfig) -> None:
    assert flops_per_target(network, 50, 1000) == bench_scaling.flops_per_target(network, 50, 1000)


def test_the_work_of_a_recurrence_counts_its_steps() -> None:
    layers = 2 * (64 + 128) * 4 * 128 + 2 * (128 + 128) * 4 * 128 + 2 * 128 * 64
    assert flops_per_target(LstmConfig(), 7, 1000) == 3 * (layers + 2 * 64 * 1000)
