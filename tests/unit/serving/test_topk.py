"""The blocked top-K equals a full sort, ties, exclusions and block edges included."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from interest_spark.serving.topk import NO_ITEM, Catalogue, Excluded


def _by_full_sort(
    items: np.ndarray, queries: np.ndarray, k: int, banned: list[set[int]]
) -> tuple[list[list[int]], list[list[float]]]:
    ids, scores = [], []
    for query, ban in zip(queries, banned, strict=True):
        dots = {item: float(query @ vector) for item, vector in enumerate(items) if item not in ban}
        best = sorted(dots, key=lambda item: (-dots[item], item))[:k]
        missing = k - len(best)
        ids.append(best + [NO_ITEM] * missing)
        scores.append([dots[item] for item in best] + [-np.inf] * missing)
    return ids, scores


def _excluded(banned: list[set[int]]) -> Excluded:
    pairs = [(user, item) for user, ban in enumerate(banned) for item in sorted(ban)]
    users, items = zip(*pairs, strict=True) if pairs else ((), ())
    return Excluded(np.array(users, np.int64), np.array(items, np.int64))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_equals_a_full_sort(data: st.DataObject) -> None:
    """Small whole numbers: dot products are exact and full of ties."""
    count, users, k = (data.draw(st.integers(1, limit)) for limit in (60, 9, 12))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    spread = data.draw(st.sampled_from([1, 2, 50]))
    items = rng.integers(-spread, spread + 1, (count, 3)).astype(np.float32)
    queries = rng.integers(-spread, spread + 1, (users, 3)).astype(np.float32)
    banned = [data.draw(st.sets(st.integers(0, count - 1))) for _ in range(users)]
    catalogue = Catalogue(items, k, items_per_block=data.draw(st.integers(1, 70)))
    found, scores = catalogue.top_k(queries, _excluded(banned), users_per_block=data.draw(st.integers(1, 10)))
    expected_items, expected_scores = _by_full_sort(items, queries, k, banned)
    assert found.tolist() == expected_items
    assert scores.tolist() == expected_scores


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_sparse_items_without_anything_in_common_are_not_found(data: st.DataObject) -> None:
    count, users, k = (data.draw(st.integers(1, limit)) for limit in (60, 9, 12))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    items = (rng.integers(1, 9, (count, 7)) * (rng.random((count, 7)) < 0.3)).astype(np.float32)
    queries = (rng.integers(1, 9, (users, 7)) * (rng.random((users, 7)) < 0.3)).astype(np.float32)
    banned = [data.draw(st.sets(st.integers(0, count - 1))) for _ in range(users)]
    catalogue = Catalogue(csr_array(items), k, items_per_block=data.draw(st.integers(1, 70)))
    found, scores = catalogue.top_k(
        csr_array(queries), _excluded(banned), users_per_block=data.draw(st.integers(1, 10))
    )
    apart = [{item for item in range(count) if items[item] @ query == 0} for query in queries]
    expected = _by_full_sort(items, queries, k, [ban | no for ban, no in zip(banned, apart, strict=True)])
    assert (found.tolist(), scores.tolist()) == expected
    dense, _ = Catalogue(items, k).top_k(csr_array(queries), _excluded(banned))
    assert dense.tolist() == _by_full_sort(items, queries, k, banned)[0]


def test_groups_and_several_blocks_at_size() -> None:
    """Large enough that groups hold 64 items and the second block starts with a bound."""
    rng = np.random.default_rng(5)
    items = rng.integers(-9, 10, (12_000, 8)).astype(np.float32)
    queries = rng.integers(-9, 10, (300, 8)).astype(np.float32)
    catalogue = Catalogue(items, 10, items_per_block=7_000)
    assert [block.columns.shape[1] // block.groups for block in catalogue.blocks] == [64, 62]
    found, scores = catalogue.top_k(queries)
    full = queries @ items.T
    expected = np.argsort(-full, axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(scores, np.take_along_axis(full, expected, axis=1))


def test_nothing_to_choose_from() -> None:
    found, scores = Catalogue(np.empty((0, 4), np.float32), 3).top_k(np.ones((2, 4), np.float32))
    assert (found == NO_ITEM).all() and np.isneginf(scores).all()
    found, _ = Catalogue(np.ones((5, 4), np.float32), 3).top_k(np.empty((0, 4), np.float32))
    assert found.shape == (0, 3)


def test_everything_excluded_for_one_user_only() -> None:
    items = np.eye(4, dtype=np.float32)
    found, _ = Catalogue(items, 2).top_k(np.ones((2, 4), np.float32), _excluded([{0, 1, 2, 3}, {0}]))
    assert found.tolist() == [[NO_ITEM, NO_ITEM], [1, 2]]
