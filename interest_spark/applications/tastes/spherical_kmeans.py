"""Spherical k-means: clusters of directions, whose likeness is the cosine and whose centres are unit vectors.

Dhillon and Modha, Concept Decompositions for Large Sparse Text Data Using Clustering, Machine Learning 42, 2001. The
centres start as in k-means++ (Arthur and Vassilvitskii, SODA 2007), each drawn with a chance that grows with the
distance 1 - cosine to those before it, for unit vectors half of the squared Euclidean one; of several draws the one
stays that leaves the least distance, the paper's greedy variant.
"""

from dataclasses import dataclass

import numpy as np

_MOST_ROUNDS = 100
_ROWS_AT_ONCE = 65_536
_SAME = 1e-6  # what rounding leaves of the distance between equal directions


@dataclass(frozen=True)
class Clusters:
    """For n vectors: `number` int64[n], from 0 by descending size; `cosine` float32[n], with the cluster's centre."""

    number: np.ndarray
    cosine: np.ndarray


def cluster_directions(vectors: np.ndarray, clusters: int, seed: int) -> Clusters:
    """Clusters of float32[n, d], n > 0, all finite: as many as asked for, or fewer where directions are fewer.

    Equal ones for equal input on one BLAS thread. A vector of zeros has the cosine 0 with every centre.
    """
    units = _units(vectors)
    centres = _first_centres(units, clusters, np.random.default_rng(seed))
    number, cosine = _nearest(units, centres)
    for _ in range(_MOST_ROUNDS):
        before = number
        centres = _units(_sums(units, number).astype(np.float32))
        number, cosine = _nearest(units, centres)
        if np.array_equal(number, before):
            break
    return Clusters(_by_size(number), cosine)


def _units(vectors: np.ndarray) -> np.ndarray:
    """float32[n, d] of length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def _first_centres(units: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Up to `count` of the vectors, all of different directions: float32[k, d]."""
    chosen = [int(rng.integers(len(units)))]
    far = _distances(units, chosen)[:, 0]
    draws = 2 + int(np.log(count))
    while len(chosen) < count and far.any():
        chances = np.cumsum(far, dtype=np.float64)
        drawn = np.searchsorted(chances, rng.random(draws) * chances[-1], side="right")
        drawn = np.minimum(drawn, len(units) - 1)
        closer = np.minimum(far[:, None], _distances(units, drawn))  # [n, draws]
        best = int(closer.sum(axis=0, dtype=np.float64).argmin())
        far = closer[:, best].copy()
        chosen.append(int(drawn[best]))
    return units[chosen]


def _distances(units: np.ndarray, places: "list[int] | np.ndarray") -> np.ndarray:
    """1 - cosine with the vectors in these places: float32[n, places]."""
    distances: np.ndarray = 1 - units @ units[places].T
    return np.where(distances > _SAME, distances, 0)


def _nearest(units: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The centre of the highest cosine, numbered without gaps where one has nobody, int64[n]; and the cosine."""
    number, cosine = np.empty(len(units), np.int64), np.empty(len(units), np.float32)
    for start in range(0, len(units), _ROWS_AT_ONCE):
        here = slice(start, start + _ROWS_AT_ONCE)
        cosines = units[here] @ centres.T  # [rows, k]
        number[here], cosine[here] = cosines.argmax(axis=1), cosines.max(axis=1)
    return np.unique(number, return_inverse=True)[1], cosine


def _sums(units: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The sum of each cluster's vectors: float64[k, d]."""
    return np.stack([np.bincount(number, weights=column) for column in units.T], axis=1)


def _by_size(number: np.ndarray) -> np.ndarray:
    """The same clusters numbered by descending size, equal ones by their first vector."""
    _, first, sizes = np.unique(number, return_index=True, return_counts=True)
    place = np.empty(len(sizes), np.int64)
    place[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return place[number]
