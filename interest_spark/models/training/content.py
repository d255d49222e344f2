"""The content vectors of items that a training run begins with: item factors of a published model.

Factors of two fits agree in their products alone, not in their axes. A run that goes on from a parent model has learnt
a projection of the parent's, so new factors are turned into the axes of those by the rotation that brings the items
which both know closest together (orthogonal Procrustes; Schoenemann, Psychometrika 31, 1966).
"""

from typing import Any

import numpy as np

from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.networks.item_content import array_name
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.served import build_collaborative
from interest_spark.models.training.plan import ContentModel, TrainPlan
from interest_spark.storage.bundles import read_bundle

Array = np.ndarray[Any, Any]


def set_content(parameters: Parameters, plan: TrainPlan) -> None:
    """Set the frozen arrays of a fresh network; items that the source does not know have none.

    Raises BadDataError for a bundle that is missing, changed or no source of content, ConfigError where its vectors
    have another number of numbers than `train.network.content` says.
    """
    sizes = plan.train.network.content
    if not sizes:
        return
    parent = {} if plan.parent is None else read_bundle(plan.parent.path, plan.parent.manifest_sha256).weights
    for source, width in sizes.items():
        variable = parameters.frozen[array_name(source)]
        vectors = content_vectors(plan.content[source], source, width, variable.shape[0])
        variable.assign(in_the_axes_of(vectors, parent.get(array_name(source))))


def content_vectors(model: ContentModel, source: str, width: int, vocabulary_size: int) -> Array:
    """float32[V, width] by item index, `whitened`."""
    bundle = read_bundle(model.path, model.manifest_sha256)
    found: Any = build_collaborative(bundle)
    vectors = found.item_vectors
    if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
        raise BadDataError(f"model bundle {model.path} holds no item vectors; fit it again with `interest train`")
    if vectors.shape[1] != width:
        raise ConfigError(
            f"train.network.content.{source} is {width}, but the vectors of {model.path} have {vectors.shape[1]} "
            "numbers; set it to that"
        )
    rows = np.zeros((vocabulary_size, width), np.float32)
    inside = found.item_index < vocabulary_size
    rows[found.item_index[inside]] = vectors[inside]
    return whitened(rows)


def whitened(vectors: Array) -> Array:
    """float32[V, c]: principal components, the greatest first, nearly alike in variance, of a mean squared length of 1
    over the items that have any.

    With C = Y'Y / n of n items' vectors, its eigenvectors E, eigenvalues L and their mean m, they are Y E (L + m)^-1/2.
    So the products of a history's mean with all items are those of a ridge regression on factors, (C + m)^-1 in
    between, which is how a factorisation finds its users' vectors. Where m is small, noise would be as great as taste.
    """
    known = vectors[vectors.any(axis=1)].astype(np.float64)
    if not len(known):
        return vectors
    eigenvalues, eigenvectors = np.linalg.eigh(known.T @ known / len(known))
    scales = (eigenvalues + eigenvalues.mean()) ** -0.5
    turn = (eigenvectors * scales)[:, ::-1]
    length = np.sqrt(((known @ turn) ** 2).sum(axis=1).mean())
    return (vectors @ (turn / length)).astype(np.float32)


def in_the_axes_of(vectors: Array, earlier: Array | None) -> Array:
    """The vectors turned so that they come closest to earlier ones of the same items; as they are without any.

    vectors: float32[V, c], earlier: float32[U, c], U <= V.
    """
    if earlier is None or earlier.shape[1] != vectors.shape[1]:
        return vectors
    both = vectors[: len(earlier)].any(axis=1) & earlier.any(axis=1)
    shared = vectors[: len(earlier)][both].astype(np.float64).T @ earlier[both]
    left, _, right = np.linalg.svd(shared)
    return (vectors @ (left @ right)).astype(np.float32)
