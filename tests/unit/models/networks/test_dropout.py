"""Dropout repeats itself and does not depend on the spread of streams over ranks."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.models.networks.dropout import StreamDropout, stream_keys

VALUES = tf.ones([8, 500, 33])


def drop(keys: np.ndarray, values: tf.Tensor, rate: float = 0.3, calls: int = 1) -> np.ndarray:
    dropout = StreamDropout(tf.constant(keys))
    return [np.asarray(dropout(values, rate)) for _ in range(calls)][-1]


def test_two_ranks_draw_what_one_rank_with_both_streams_draws() -> None:
    both = drop(stream_keys(5, 9, [0, 1]), VALUES)
    apart = [drop(stream_keys(5, 9, [stream]), VALUES[:4]) for stream in (0, 1)]
    np.testing.assert_array_equal(both, np.concatenate(apart))


def test_the_mean_is_kept_and_the_rate_is_met() -> None:
    kept = drop(stream_keys(5, 9, [0, 1]), VALUES)
    assert (kept == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert kept.mean() == pytest.approx(1.0, abs=0.01)
    assert set(np.unique(kept)) == {0.0, np.float32(256 / (256 - 77))}  # 77/256 is the rate that is met


@pytest.mark.parametrize("rate", [0.0001, 0.9999])
def test_a_rate_that_is_not_nothing_drops_some_and_not_all(rate: float) -> None:
    kept = drop(stream_keys(5, 9, [0, 1]), VALUES, rate)
    assert 0 < (kept == 0).mean() < 1
    assert kept.mean() == pytest.approx(1.0, abs=0.1)


def test_steps_streams_calls_and_seeds_draw_different_masks() -> None:
    masks = [
        drop(stream_keys(5, 9, [0]), VALUES),
        drop(stream_keys(5, 10, [0]), VALUES),
        drop(stream_keys(5, 9, [1]), VALUES),
        drop(stream_keys(6, 9, [0]), VALUES),
        drop(stream_keys(5, 9, [0]), VALUES, calls=2),
    ]
    assert len({mask.tobytes() for mask in masks}) == len(masks)


def test_no_rate_changes_nothing() -> None:
    assert (drop(stream_keys(5, 9, [0]), VALUES, rate=0.0) == 1).all()
