"""Summed gradients: two ranks, each simulated by what the other contributes."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.parallel.exchange import exchange, unique_rows

V, D = 50, 4


def rows_of(seed: int, count: int) -> tf.IndexedSlices:
    random = np.random.default_rng(seed)
    indices = tf.constant(random.integers(0, V, count).astype(np.int32))
    return tf.IndexedSlices(
        tf.constant(random.normal(size=(count, D)).astype(np.float32)), indices, tf.constant([V, D])
    )


class _BesideAnother(OneRank):
    """One of two ranks; the other always contributes the same gradients."""

    size = 2

    def __init__(self, other: tf.IndexedSlices, dense: tf.Tensor) -> None:
        self._other, self._dense = unique_rows(other), dense
        self.ways: list[str] = []

    def sum(self, tensors: list[tf.Tensor], name: str = "sum") -> list[tf.Tensor]:
        if name == "table":
            self.ways.append("table")
            marked = tf.concat([self._other.values, tf.ones_like(self._other.values[:, :1])], axis=1)
            return [tensors[0] + tf.scatter_nd(self._other.indices[:, None], marked, [V, D + 1])]
        dense, loss, count = tensors
        return [dense + self._dense, loss + 1.0, count + tf.cast(tf.size(self._other.indices), tf.float32)]

    def gather_rows(self, rows: tf.Tensor, name: str) -> tf.Tensor:
        self.ways.append(name)
        return tf.concat([rows, self._other.values if name == "values" else self._other.indices], axis=0)


@pytest.mark.parametrize(("mine", "others"), [(3, 5), (30, 2), (200, 200)])
def test_the_sum_is_the_same_whichever_way_it_goes_over_the_wire(mine: int, others: int) -> None:
    own, other = rows_of(1, mine), rows_of(2, others)
    ranks = _BesideAnother(other, tf.ones([3]))
    found = exchange(ranks, [own, tf.ones([3])], [True, False], [tf.constant(2.0)])
    expected = tf.convert_to_tensor(own) + tf.convert_to_tensor(other)
    rows, dense = found.gradients
    assert len(np.unique(rows.indices)) == len(rows.indices)
    np.testing.assert_allclose(tf.convert_to_tensor(rows), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(dense, [2.0, 2.0, 2.0])
    assert float(found.scalars[0]) == 3.0

    unique = len(np.unique(own.indices)) + len(np.unique(other.indices))
    table, by_rows = V * D, unique * (D + 1)
    assert ("table" in ranks.ways) == (by_rows > table)
    fixed = 4 * (3 + 1 + 1)
    assert float(found.wire_bytes) - fixed <= 1.25 * 4 * min(table, by_rows / 2)  # a mark a row of a table this narrow


def test_a_row_that_occurs_twice_is_sent_once() -> None:
    gradient = tf.IndexedSlices(tf.constant([[1.0], [2.0], [4.0]]), tf.constant([7, 3, 7]), tf.constant([9, 1]))
    rows = unique_rows(gradient)
    assert (rows.indices.numpy().tolist(), rows.values.numpy().tolist()) == ([7, 3], [[5.0], [2.0]])
