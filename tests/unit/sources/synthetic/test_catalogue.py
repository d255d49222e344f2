"""The catalogue draws by Zipf's law, only what is on sale, and links items within their category."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.sources.synthetic.catalogue import Catalogue
from interest_spark.sources.synthetic.plan import ShopPlan


def test_draws_follow_zipf_within_the_category() -> None:
    catalogue = Catalogue(ShopPlan(users=1, items=500, days=1))
    catalogue.open_day(0)
    drawn = catalogue.draw(np.zeros(200_000, dtype=np.int64), np.random.default_rng(0))
    assert (catalogue.category[drawn] == 0).all()
    by_rank = np.bincount(drawn, minlength=500)[np.argsort(-catalogue.popularity * (catalogue.category == 0))]
    assert np.allclose(by_rank[:5] / by_rank[0], 1.0 / np.arange(1, 6), atol=0.02)


@settings(max_examples=40, deadline=None)
@given(items=st.integers(1, 300), days=st.integers(1, 10), seed=st.integers(0, 1000))
def test_only_what_is_on_sale_is_drawn(items: int, days: int, seed: int) -> None:
    catalogue = Catalogue(ShopPlan(users=1, items=items, days=days, seed=seed))
    rng = np.random.default_rng(seed)
    for day in range(days):
        delivered = catalogue.open_day(day)
        assert delivered.size and (catalogue.launch[delivered] <= day).all()
        wanted = rng.integers(0, catalogue.categories, 200)
        drawn = catalogue.draw(wanted, rng)
        assert (catalogue.launch[drawn] <= day).all()
        assert (catalogue.category[drawn] == wanted).all()
    assert set(catalogue.on_sale(days - 1)) == set(range(items))


def test_successors_stay_in_the_category_and_mostly_the_brand() -> None:
    catalogue = Catalogue(ShopPlan(users=1, items=2_000, days=5))
    first = catalogue.successors[:, 0]
    assert (catalogue.category[catalogue.successors] == catalogue.category[:, None]).all()
    assert (catalogue.brand[first] == catalogue.brand).mean() > 0.9
    assert np.array_equal(np.sort(first), np.arange(2_000))  # a ring: each item follows exactly one
    assert (first != np.arange(2_000)).all()


def test_ids_are_distinct() -> None:
    ids = Catalogue(ShopPlan(users=1, items=1_000, days=1)).ids
    assert len(set(ids.text)) == len(set(ids.json)) == 1_000
