"""BG/NBD against what is published, and against simulated customers."""

import numpy as np
import polars as pl
import pytest

from interest_spark.applications.churn.bgnbd import BgNbd, Purchases, fit_bgnbd, log_likelihood
from tests.churn_data import cdnow, cdnow_purchases, needs_cdnow

PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)


@needs_cdnow
def test_the_published_sample_gives_the_published_parameters() -> None:
    of = cdnow_purchases(cdnow(sample=True), np.datetime64("1997-09-30"), unit=7)
    assert (len(of.x), of.x.sum()) == (2_357, 2_457)
    found = fit_bgnbd(of)
    assert [round(each, 3) for each in found.as_json().values()] == [0.243, 4.414, 0.793, 2.426]
    assert log_likelihood(found, of).sum() == pytest.approx(-9582.4, abs=0.1)


def test_expected_purchases_are_those_of_the_paper() -> None:
    """The customer of the paper's worked example, in 39 weeks: 1.226."""
    of = Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert PUBLISHED.expected(of, 39.0)[0] == pytest.approx(1.226, abs=0.002)


def simulated(n: int, seed: int, until: float) -> tuple[Purchases, np.ndarray, np.ndarray]:
    """Customers of known parameters, whether each is alive at the cut-off, and their purchase times."""
    rng, truth = np.random.default_rng(seed), BgNbd(1.0, 10.0, 1.0, 3.0)
    rate, leaves = rng.gamma(truth.r, 1 / truth.alpha, n), rng.beta(truth.a, truth.b, n)
    times = np.cumsum(rng.exponential(1 / rate[:, None], (n, 400)), axis=1)
    left = rng.random(times.shape) < leaves[:, None]
    alive_before = np.cumsum(left, axis=1) - left == 0  # the purchase after which somebody leaves still happens
    times = np.where(alive_before, times, np.inf)
    before = times <= until
    x = before.sum(axis=1).astype(float)
    t_x = np.where(before, times, 0).max(axis=1)
    return Purchases(x, t_x, np.full(n, until)), ~(left & before).any(axis=1), times


def test_simulated_customers_are_understood() -> None:
    of, alive, times = simulated(20_000, 3, until=60.0)
    found = fit_bgnbd(of)
    assert list(found.as_json().values()) == pytest.approx([1.0, 10.0, 1.0, 3.0], rel=0.2)
    assert found.alive(of).mean() == pytest.approx(alive.mean(), abs=0.01)
    stayed = ~((times > 67) & (times <= 97)).any(axis=1)
    foretold = found.stays_away(of, 7.0, 30.0)
    assert foretold.mean() == pytest.approx(stayed.mean(), abs=0.01)
    for least, most in ((0.0, 0.5), (0.5, 0.8), (0.8, 1.0)):
        place = (foretold >= least) & (foretold < most)
        assert foretold[place].mean() == pytest.approx(stayed[place].mean(), abs=0.03)


def test_a_longer_gap_or_a_shorter_horizon_makes_staying_away_likelier() -> None:
    of, _, _ = simulated(200, 5, until=60.0)
    base = PUBLISHED.stays_away(of, 7.0, 28.0)
    assert (PUBLISHED.stays_away(of, 14.0, 28.0) >= base).all()
    assert (PUBLISHED.stays_away(of, 7.0, 14.0) >= base).all()


def test_without_anybody_who_came_again_nothing_is_learnt() -> None:
    with pytest.raises(ValueError, match="nobody bought twice"):
        fit_bgnbd(Purchases(np.zeros(3), np.zeros(3), np.ones(3)))


@needs_cdnow
def test_the_whole_data_set_is_there() -> None:
    assert cdnow(sample=False).select(pl.len(), pl.col("customer_id").n_unique()).row(0) == (69_659, 23_570)
