"""Each loss against its formula in plain NumPy, in value and gradient, and the same for any spread of the streams."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from interest_spark.config.training.losses import LossConfig
from interest_spark.models.losses import negative_loss
from interest_spark.models.losses.draws import draw_negatives
from interest_spark.models.losses.gbce import beta
from interest_spark.models.losses.loss import CandidateLabels, DrawKeys, Loss, Targets, build_loss
from interest_spark.models.losses.samplers.sampler import build_sampler

ITEMS, DIM, T = 30, 6, 7
CANDIDATES = np.arange(2, ITEMS + 2, dtype=np.int32)
EVENTS = np.arange(ITEMS, dtype=np.int64) ** 2
SHARED, STREAMS = np.array([1, 2], np.int32), np.array([[3, 4], [5, 6], [7, 8], [9, 10]], np.int32)

Array = np.ndarray[Any, Any]
Formula = Callable[[Array, Array, Array, Array], Array]
"""float64 scores of targets, [N], and of their negatives, [N, n], what competes, bool[N, n], and the logarithms of the
expected draws, [n] -> [N].
"""


def built(config: dict[str, Any]) -> Loss:
    section: Any = TypeAdapter(LossConfig).validate_python(config)
    return build_loss(section, pa.table({"item_index": CANDIDATES, "events": EVENTS}))


def expit(scores: Array) -> Array:
    return np.exp(-np.logaddexp(0, -scores))


def bce(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    no = np.where(competes, np.log(1 - expit(negative)), 0)
    return -(np.log(expit(positive)) + no.sum(axis=1)) / (1 + negative.shape[1])


def focal_bce(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    p, q = expit(positive), expit(negative)
    no = np.where(competes, q**2 * np.log(1 - q), 0)
    return -((1 - p) ** 2 * np.log(p) + no.sum(axis=1)) / (1 + negative.shape[1])


def gbce(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    share = negative.shape[1] / (ITEMS - 1)
    power = share * (0.75 * (1 - 1 / share) + 1 / share)
    no = np.where(competes, np.log(1 - expit(negative)), 0)
    return -(np.log(expit(positive) ** power) + no.sum(axis=1)) / (1 + negative.shape[1])


def bpr(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    return -np.where(competes, np.log(expit(positive[:, None] - negative)), 0).mean(axis=1)


def softmax(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    others = np.where(competes, negative - expected, -np.inf)
    return np.logaddexp.reduce(np.column_stack([positive, others]), axis=1) - positive


def infonce(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    return softmax(positive / 0.5, negative / 0.5, competes, expected)


def focal_softmax(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    losses = softmax(positive, negative, competes, expected)
    return (1 - np.exp(-losses)) ** 1.5 * losses


def focal_infonce(positive: Array, negative: Array, competes: Array, expected: Array) -> Array:
    losses = infonce(positive, negative, competes, expected)
    return (1 - np.exp(-losses)) ** 1.5 * losses


def sampler_of(kind: str) -> dict[str, Any]:
    return {"sampler": {"kind": kind, "negatives": 9}}


KINDS: dict[str, tuple[dict[str, Any], Formula]] = {
    "gbce": ({"kind": "gbce", "negatives": 9}, gbce),
    "bce": ({"kind": "bce", **sampler_of("uniform")}, bce),
    "bce, focal": ({"kind": "bce", **sampler_of("mixed"), "focal_gamma": 2.0}, focal_bce),
    "bce, in batch": ({"kind": "bce", **sampler_of("in_batch")}, bce),
    "bpr": ({"kind": "bpr", **sampler_of("popularity")}, bpr),
    "bpr, mixed": ({"kind": "bpr", **sampler_of("mixed")}, bpr),
    "infonce": ({"kind": "infonce", **sampler_of("in_batch"), "temperature": 0.5}, infonce),
    "infonce, focal": (
        {"kind": "infonce", **sampler_of("popularity"), "temperature": 0.5, "focal_gamma": 1.5},
        focal_infonce,
    ),
    "sampled, in batch": ({"kind": "sampled", **sampler_of("in_batch")}, softmax),
    "sampled, focal": ({"kind": "sampled", **sampler_of("mixed"), "focal_gamma": 1.5}, focal_softmax),
}


LOSSES = {str(config): built(config) for config, _ in KINDS.values()}


class _Table:
    """An item tower that is a table."""

    def __init__(self, table: tf.Tensor) -> None:
        self._table = table

    def item_vectors(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.gather(self._table, rows)


def world(seed: int, scale: float = 0.5) -> tuple[Array, Array, Array, Array]:
    """A table, hidden vectors of four streams of two blocks, targets and weights; the last stream has no target."""
    random = np.random.default_rng(seed)
    table, hidden = (random.normal(size=size) * scale for size in ((ITEMS + 2, DIM), (8, T, DIM)))
    item = random.choice(CANDIDATES, (8, T)) * (random.uniform(size=(8, T)) < 0.6)
    item[6:] = 0
    return table.astype(np.float32), hidden.astype(np.float32), item, random.uniform(0, 2, (8, T)).astype(np.float32)


def value_and_gradients(
    loss: Loss, table: Array, hidden: Array, item: Array, weight: Array, streams: Array = STREAMS
) -> tuple[Array, ...]:
    given_to = hidden, item.astype(np.int32), weight, streams
    return tuple(each.numpy() for each in _on_graph(loss, *map(tf.constant, (table, *given_to))))


@tf.function(autograph=False)
def _on_graph(
    loss: Loss, table: tf.Tensor, hidden: tf.Tensor, item: tf.Tensor, weight: tf.Tensor, streams: tf.Tensor
) -> tuple[tf.Tensor, ...]:
    with tf.GradientTape() as tape:
        tape.watch([table, hidden])
        value = loss(_Table(table), hidden, Targets(item, weight), DrawKeys(tf.constant(SHARED), streams))
    return value, *map(tf.convert_to_tensor, tape.gradient(value, [table, hidden]))


def by_formula(
    config: dict[str, Any], formula: Formula, table: Array, hidden: Array, item: Array, weight: Array
) -> Any:
    """The loss of float64 arrays, over the negatives that the sampler draws."""
    sampler = build_sampler(
        TypeAdapter(LossConfig).validate_python(config).sampler
        if "sampler" in config
        else TypeAdapter(LossConfig).validate_python({"kind": "bce", **sampler_of("uniform")}).sampler,
        EVENTS,
    )
    targets = Targets(tf.constant(item.astype(np.int32)), tf.constant(weight.astype(np.float32)))
    places = np.arange(hidden.size // DIM, dtype=np.float32).reshape(*item.shape, 1)  # tells whose vector is whose
    keys = DrawKeys(tf.constant(SHARED), tf.constant(STREAMS))
    total = 0.0
    for draw in draw_negatives(CandidateLabels(CANDIDATES), sampler, tf.constant(places), targets, keys):
        vectors = hidden.reshape(-1, DIM)[draw.vectors.numpy()[:, 0].astype(int)]
        labels, drawn = draw.labels.numpy(), draw.drawn.numpy()
        positive = (vectors * table[CANDIDATES[labels]]).sum(axis=1)
        expected = sampler.log_expected(draw.drawn).numpy().astype(np.float64)
        losses = formula(positive, vectors @ table[CANDIDATES[drawn]].T, labels[:, None] != drawn, expected)
        total += float((losses * draw.weights.numpy()).sum())
    return total


@pytest.mark.parametrize(("config", "formula"), KINDS.values(), ids=KINDS)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.1, 0.5, 1.5]))
@settings(max_examples=5, deadline=None)
def test_value_and_gradient_are_those_of_the_formula(
    config: dict[str, Any], formula: Formula, seed: int, scale: float
) -> None:
    """The gradient along a random direction is the formula's central difference, in 64 bits."""
    table, hidden, item, weight = world(seed, scale)
    value, to_table, to_hidden = value_and_gradients(LOSSES[str(config)], table, hidden, item, weight)
    exact = table.astype(np.float64), hidden.astype(np.float64)
    expected = by_formula(config, formula, *exact, item, weight)
    np.testing.assert_allclose(value, expected, rtol=2e-5, atol=1e-5)
    random, step = np.random.default_rng(seed), 1e-5
    for number, gradient in enumerate((to_table, to_hidden)):
        direction = [random.normal(size=each.shape) if place == number else 0.0 for place, each in enumerate(exact)]
        ahead, behind = (
            by_formula(
                config,
                formula,
                *(each + sign * step * way for each, way in zip(exact, direction, strict=True)),
                item,
                weight,
            )
            for sign in (1, -1)
        )
        along = float((gradient * direction[number]).sum())
        assert along == pytest.approx((ahead - behind) / (2 * step), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("config", [config for config, _ in KINDS.values()], ids=KINDS)
def test_streams_add_up_however_they_are_spread(config: dict[str, Any]) -> None:
    table, *batch = world(0)
    loss = LOSSES[str(config)]
    whole = value_and_gradients(loss, table, *batch)
    parts = [
        value_and_gradients(loss, table, *(each[2 * n : 2 * n + 2] for each in batch), STREAMS[n : n + 1])
        for n in range(4)
    ]
    np.testing.assert_allclose(sum(part[0] for part in parts), whole[0], rtol=1e-5)
    np.testing.assert_allclose(sum(part[1] for part in parts), whole[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([part[2] for part in parts]), whole[2], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("config", [config for config, _ in KINDS.values()], ids=KINDS)
def test_hopeless_scores_and_no_targets_stay_finite(config: dict[str, Any]) -> None:
    loss, (table, hidden, item, weight) = LOSSES[str(config)], world(1, scale=20.0)
    assert all(np.isfinite(each).all() for each in value_and_gradients(loss, table, hidden, item, weight))
    nothing = value_and_gradients(loss, table, hidden, np.zeros_like(item), weight)
    assert not any(each.any() for each in nothing)


@pytest.mark.parametrize("kind", ["bce", "gbce"])
def test_chunks_are_one_sum(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = value_and_gradients(built(KINDS[kind][0]), *world(2))
    monkeypatch.setattr(negative_loss, "_CHUNK_SCORES", 1)
    monkeypatch.setattr(negative_loss, "_LEAST_ROWS", 5)
    for expected, found in zip(whole, value_and_gradients(built(KINDS[kind][0]), *world(2)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["bce", "infonce"])
def test_a_coarser_precision_is_near(kind: str) -> None:
    section: Any = TypeAdapter(LossConfig).validate_python(KINDS[kind][0])
    table = pa.table({"item_index": CANDIDATES, "events": EVENTS})
    results = [
        value_and_gradients(build_loss(section, table, precision), *world(3)) for precision in (tf.float32, tf.bfloat16)
    ]
    assert results[0][0] == pytest.approx(results[1][0], rel=0.01)
    assert results[0][0] != results[1][0]


@pytest.mark.parametrize("negatives", [1, 256, 5000])
def test_beta_is_one_without_calibration_and_the_share_of_negatives_with_all_of_it(negatives: int) -> None:
    assert beta(negatives, 3417, 0.0) == pytest.approx(1.0)
    assert beta(negatives, 3417, 1.0) == pytest.approx(min(negatives / 3416, 1.0))
    assert beta(negatives, 1, 0.5) == 1.0
