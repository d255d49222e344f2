"""Samplers draw as often as they say, and say how often that is."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.training.samplers import (
    InBatchSamplerConfig,
    MixedSamplerConfig,
    PopularitySamplerConfig,
    SamplerConfig,
    UniformSamplerConfig,
)
from interest_spark.models.losses.samplers.sampler import build_sampler

ITEMS, DRAWN = 2000, 50_000
EVENTS = (100_000 / np.arange(1, ITEMS + 1) ** 1.1).astype(np.int64)  # Zipf
TARGETS = tf.constant(np.repeat(np.arange(ITEMS, dtype=np.int32), EVENTS))  # as often as histories hold them


def shares(config: SamplerConfig) -> np.ndarray:
    """How often each label was drawn, as a share of all draws: float64[C]."""
    drawn = build_sampler(config, EVENTS).draw(tf.constant([1, 2]), TARGETS).numpy()
    return np.bincount(drawn, minlength=ITEMS) / len(drawn)


@pytest.mark.parametrize("power", [0.0, 0.75, 1.0])
def test_items_are_drawn_as_often_as_the_power_says(power: float) -> None:
    expected = (EVENTS + 1.0) ** power
    found = shares(PopularitySamplerConfig(negatives=DRAWN, power=power))
    np.testing.assert_allclose(found, expected / expected.sum(), atol=0.008)


def test_a_uniform_sampler_draws_every_item_alike() -> None:
    np.testing.assert_allclose(shares(UniformSamplerConfig(negatives=DRAWN)), 1 / ITEMS, atol=0.0006)


@pytest.mark.parametrize("kind", sections_by_kind(SamplerConfig))
def test_every_sampler_repeats_itself_and_knows_its_chances(kind: str) -> None:
    sampler = build_sampler(sections_by_kind(SamplerConfig)[kind](negatives=300), EVENTS)
    first, again, other = (sampler.draw(tf.constant(key), TARGETS).numpy() for key in ([1, 2], [1, 2], [1, 3]))
    assert first.dtype == np.int32
    assert first.shape == (300,)
    assert (first == again).all()
    assert (first != other).any()
    expected = np.exp(sampler.log_expected(tf.range(ITEMS)).numpy())
    assert expected.sum() == pytest.approx(300, rel=1e-4)
    counted = sum(
        np.bincount(sampler.draw(tf.constant([4, draw]), TARGETS).numpy(), minlength=ITEMS) for draw in range(400)
    )
    often = expected > 0.2
    np.testing.assert_allclose(counted[often] / 400, expected[often], rtol=0.35)


def test_an_in_batch_sampler_draws_targets_alone_and_knows_how_often() -> None:
    sampler = build_sampler(InBatchSamplerConfig(negatives=DRAWN), EVENTS)
    some = tf.constant([3, 3, 3, 7])
    drawn = sampler.draw(tf.constant([1, 2]), some).numpy()
    np.testing.assert_allclose(np.bincount(drawn, minlength=8) / DRAWN, np.bincount([3, 3, 3, 7]) / 4, atol=0.01)
    assert sampler.by_stream
    assert sampler.draw(tf.constant([1, 2]), some[:0]).shape == (DRAWN,)
    np.testing.assert_allclose(shares(InBatchSamplerConfig(negatives=DRAWN)), EVENTS / EVENTS.sum(), atol=0.005)


def test_a_mixed_sampler_takes_its_shares_of_each() -> None:
    config = MixedSamplerConfig(negatives=400, in_batch=0.5, uniform=0.25)
    only = tf.fill([10], 5)
    drawn = build_sampler(config, EVENTS).draw(tf.constant([1, 2]), only).numpy()
    assert 200 <= np.count_nonzero(drawn == 5) < 215
    parts = (
        InBatchSamplerConfig(negatives=200),
        PopularitySamplerConfig(negatives=100),
        UniformSamplerConfig(negatives=100),
    )
    own = [np.exp(build_sampler(part, EVENTS).log_expected(tf.range(ITEMS)).numpy()) for part in parts]
    whole = np.exp(build_sampler(config, EVENTS).log_expected(tf.range(ITEMS)).numpy())
    np.testing.assert_allclose(whole, sum(own), rtol=1e-5)


def test_a_mixture_without_the_batch_is_drawn_once_for_all() -> None:
    assert not build_sampler(MixedSamplerConfig(in_batch=0.0), EVENTS).by_stream
    assert build_sampler(MixedSamplerConfig(in_batch=1.0, uniform=0.0), EVENTS).by_stream
    with pytest.raises(ValueError, match=r"in_batch 0.8 and uniform 0.3 are more than 1 together"):
        MixedSamplerConfig(in_batch=0.8, uniform=0.3)
