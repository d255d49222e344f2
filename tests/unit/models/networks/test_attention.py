"""Attention in spans gives what attention over the whole square with its future masked gives."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.models.networks.attention import Attention, Span, bidirectional_spans, causal_spans
from interest_spark.models.networks.dropout import no_dropout
from interest_spark.models.networks.parameters import Parameters


@pytest.mark.parametrize("length", [1, 127, 128, 129, 200, 300])
@pytest.mark.parametrize("heads", [1, 2])
def test_spans_change_nothing(length: int, heads: int) -> None:
    random = np.random.default_rng(length)
    segment = np.sort(random.integers(1, 4, (3, length))).astype(np.int32)
    segment[1, length // 2 :] = 0
    x, context = random.normal(size=(2, 3, length, 8)).astype(np.float32)
    parameters = Parameters(1)
    attention = Attention(8, heads, 0.0, parameters, "layer")
    for variable in parameters.all.values():
        variable.assign(tf.constant(random.normal(size=variable.shape), tf.float32))  # they start too small to matter
    allowed = (segment[:, :, None] == segment[:, None, :]) & np.tri(length, dtype=bool)
    square = Span(0, length, tf.constant(np.where(allowed, 0.0, -1e9).astype(np.float32)[:, None]))
    expected = attention(x, context, [square], no_dropout)
    found = attention(x, context, causal_spans(tf.constant(segment)), no_dropout)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_both_ways_is_a_softmax_over_the_segment() -> None:
    random = np.random.default_rng(0)
    segment = np.array([[1, 1, 1, 2, 2, 0]], np.int32)
    x = random.normal(size=(1, 6, 4)).astype(np.float32)
    parameters = Parameters(1)
    attention = Attention(4, 1, 0.0, parameters, "layer")
    values = {name: random.normal(size=variable.shape) for name, variable in parameters.all.items()}
    for name, variable in parameters.all.items():
        variable.assign(tf.constant(values[name], tf.float32))
    found = np.asarray(attention(x, x, bidirectional_spans(tf.constant(segment)), no_dropout))[0]
    queries = x[0] @ values["layer/queries/weight"] + values["layer/queries/bias"]
    keys, mixed = np.split(x[0] @ values["layer/keys_values/weight"] + values["layer/keys_values/bias"], 2, axis=1)
    for part in (slice(0, 3), slice(3, 5)):
        weights = np.exp(queries[part] @ keys[part].T / 2)
        shares = weights / weights.sum(axis=1, keepdims=True)
        expected = shares @ mixed[part] @ values["layer/attention_output/weight"]
        expected += values["layer/attention_output/bias"]
        np.testing.assert_allclose(found[part], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("length", [1, 50, 128, 129, 200, 1000])
def test_spans_cover_every_token_once_and_are_short(length: int) -> None:
    spans = causal_spans(tf.ones([1, length], tf.int32))
    assert [span.first for span in spans] == [0, *(span.end for span in spans[:-1])]
    assert spans[-1].end == length
    assert max(span.end - span.first for span in spans) <= 128
