"""The popularity baseline for many users at once equals that for one after another."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.evaluation.baselines.popularity import best_of_each
from interest_spark.serving.popularity import Popularity

ITEMS = st.lists(st.integers(2, 30), unique=True)


@given(popular=ITEMS, excluded=st.lists(ITEMS | st.none(), max_size=6), k=st.integers(1, 9))
def test_equal_to_one_user_after_another(popular: list[int], excluded: list[list[int] | None], k: int) -> None:
    ids, shares = pa.array([str(item) for item in popular], pa.string()), np.ones(len(popular))
    popularity = Popularity(np.array(popular, np.int32), ids, shares)
    places, counts = best_of_each(popularity, pa.array(excluded, pa.list_(pa.int32())), k)
    expected = [popularity.best(k, without=np.array(items or [], np.int32)).tolist() for items in excluded]
    assert [each.tolist() for each in np.split(places, np.cumsum(counts))[:-1]] == expected
