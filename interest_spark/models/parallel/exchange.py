"""Gradients summed over ranks with near the least number of bytes.

A dense gradient of V rows of d numbers is V·d numbers on the wire; rows alone are (d + 1) numbers each, of every
rank. Whichever is less goes over the wire: Horovod itself would send rows of IndexedSlices as often as they
occur in the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import tensorflow as tf

from interest_spark.models.parallel.collectives import Ranks

Gradient: TypeAlias = tf.Tensor | tf.IndexedSlices

_BYTES = 4  # of float32 and int32


@dataclass(frozen=True)
class Exchanged:
    """Gradients and scalars summed over ranks; `wire_bytes`, float32[]: what each rank contributed, all ranks alike."""

    gradients: list[Gradient]
    scalars: list[tf.Tensor]
    wire_bytes: tf.Tensor


def exchange(
    ranks: Ranks, gradients: Sequence[Gradient], row_wise: Sequence[bool], scalars: Sequence[tf.Tensor]
) -> Exchanged:
    """Sum over ranks. A gradient marked in `row_wise` comes back as its rows, each once, the others dense."""
    rows = [unique_rows(each) for each, wanted in zip(gradients, row_wise, strict=True) if wanted]
    dense = [tf.convert_to_tensor(each) for each, wanted in zip(gradients, row_wise, strict=True) if not wanted]
    counts = [tf.cast(tf.size(each.indices), tf.float32) for each in rows]
    if ranks.size == 1:
        return Exchanged(_merge(dense, rows, row_wise), list(scalars), tf.constant(0.0))
    summed = ranks.sum([*dense, *scalars, *counts])
    totals = summed[len(dense) + len(scalars) :]
    dense, scalars = summed[: len(dense)], summed[len(dense) : len(dense) + len(scalars)]
    sums = [_sum_rows(ranks, each, total) for each, total in zip(rows, totals, strict=True)]
    sizes = tf.constant(float(sum(_BYTES * each.shape.num_elements() for each in (*dense, *scalars, *totals))))
    wire = tf.add_n([sizes, *(size for _, size in sums)])
    return Exchanged(_merge(dense, [each for each, _ in sums], row_wise), list(scalars), wire)


def unique_rows(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """The same gradient with every row once, the row's parts added up."""
    rows, place = tf.unique(gradient.indices)  # in order of first appearance: the same every time
    return tf.IndexedSlices(
        tf.math.unsorted_segment_sum(gradient.values, place, tf.size(rows)), rows, gradient.dense_shape
    )


def _sum_rows(ranks: Ranks, gradient: tf.IndexedSlices, total: tf.Tensor) -> tuple[tf.IndexedSlices, tf.Tensor]:
    """The sum over ranks and its bytes on the wire; `total` is the number of rows of all ranks together."""
    table, dim = tf.cast(gradient.dense_shape[0], tf.int32), gradient.values.shape[1]
    dense_numbers = tf.cast(table, tf.float32) * (dim + 1)

    def as_table() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        marked = tf.concat([gradient.values, tf.ones_like(gradient.values[:, :1])], axis=1)
        held = tf.scatter_nd(tf.cast(gradient.indices, tf.int32)[:, None], marked, [table, dim + 1])
        (summed,) = ranks.sum([held], "table")
        touched = tf.where(summed[:, dim] > 0)[:, 0]
        return touched, tf.gather(summed[:, :dim], touched), dense_numbers * _BYTES

    def as_rows() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        gathered = tf.IndexedSlices(
            ranks.gather_rows(gradient.values, "values"),
            tf.cast(ranks.gather_rows(tf.cast(gradient.indices, tf.int32), "rows"), tf.int64),
            gradient.dense_shape,
        )
        whole = unique_rows(gathered)
        return whole.indices, whole.values, total * (dim + 1) * _BYTES / ranks.size

    indices, values, wire = tf.cond(total * (dim + 1) > dense_numbers, as_table, as_rows)
    values = tf.ensure_shape(values, [None, dim])
    return tf.IndexedSlices(values, indices, gradient.dense_shape), wire


def _merge(dense: Sequence[tf.Tensor], rows: Sequence[tf.IndexedSlices], row_wise: Sequence[bool]) -> list[Gradient]:
    dense_left, rows_left = iter(dense), iter(rows)
    return [next(rows_left) if wanted else next(dense_left) for wanted in row_wise]
