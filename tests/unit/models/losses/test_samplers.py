"""Samplers draw as often as they say, and say how often that is."""

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.training.samplers import PopularitySamplerConfig, SamplerConfig, UniformSamplerConfig
from interest_spark.models.losses.samplers.sampler import build_sampler

ITEMS, DRAWN = 2000, 50_000
EVENTS = (100_000 / np.arange(1, ITEMS + 1) ** 1.1).astype(np.int64)  # Zipf


def shares(config: SamplerConfig) -> np.ndarray:
    """How often each label was drawn, as a share of all draws: float64[C]."""
    drawn = build_sampler(config, EVENTS).draw(tf.constant([1, 2])).numpy()
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
    first, again, other = (sampler.draw(tf.constant(key)).numpy() for key in ([1, 2], [1, 2], [1, 3]))
    assert first.dtype == np.int32
    assert first.shape == (300,)
    assert (first == again).all()
    assert (first != other).any()
    expected = np.exp(sampler.log_expected(tf.range(ITEMS)).numpy())
    assert expected.sum() == pytest.approx(300, rel=1e-4)
    counted = sum(np.bincount(sampler.draw(tf.constant([4, draw])).numpy(), minlength=ITEMS) for draw in range(400))
    often = expected > 0.2
    np.testing.assert_allclose(counted[often] / 400, expected[often], rtol=0.35)
