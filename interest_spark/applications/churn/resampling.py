"""What training does about the rarer label, and the guard that none of it reaches what a model is judged by.

Rows are weighed, left out, drawn again, or made up between neighbours: SMOTE (Chawla et al., JAIR 16, 2002), and
SMOTE-NC where columns hold codes. Of training rows alone: a made-up row lies between rows that it was made from, so
that a model judged by it is judged by what it has learnt.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from interest_spark.applications.churn.design import Matrix
from interest_spark.foundation.errors import BadDataError

NEIGHBORS = 5
RESAMPLED = "resampled"
"""The column that marks rows which nobody delivered."""


@dataclass(frozen=True)
class TrainingRows:
    """`values` float64[n, columns], `churned` bool[n], `weight` float64[n]; `source`: the row it is, -1 if made up.

    `resampled`: made up, or the second and further time that a row was drawn.
    """

    values: Matrix
    churned: NDArray[np.bool_]
    weight: Matrix
    source: NDArray[np.int64]
    resampled: NDArray[np.bool_]


def resample(
    values: Matrix, churned: NDArray[np.bool_], imbalance: str, categorical: NDArray[np.bool_], seed: int
) -> TrainingRows:
    """Training rows as the learner gets them. With fewer than two rows of a label only weights are of use."""
    rows, count = len(values), np.bincount(churned.astype(np.int64), minlength=2)
    weight = np.ones(rows)
    unchanged = TrainingRows(values, churned, weight, np.arange(rows), np.zeros(rows, bool))
    if imbalance == "none" or count.min() == 0:
        return unchanged
    if imbalance == "weights":
        weight = np.where(churned, rows / (2 * count[1]), rows / (2 * count[0]))
        return TrainingRows(values, churned, weight, unchanged.source, unchanged.resampled)
    if imbalance in ("undersample", "oversample"):
        return _drawn(values, churned, imbalance, seed)
    if count.min() < 2 or count[0] == count[1]:
        return unchanged
    return _made_up(values, churned, imbalance, categorical, seed)


def _drawn(values: Matrix, churned: NDArray[np.bool_], imbalance: str, seed: int) -> TrainingRows:
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.under_sampling import RandomUnderSampler

    sampler = (RandomUnderSampler if imbalance == "undersample" else RandomOverSampler)(random_state=seed)
    sampler.fit_resample(np.zeros((len(values), 1)), churned)
    source = np.sort(np.asarray(sampler.sample_indices_, np.int64))
    again = np.concatenate([[False], source[1:] == source[:-1]])
    return TrainingRows(values[source], churned[source], np.ones(len(source)), source, again)


def _made_up(
    values: Matrix, churned: NDArray[np.bool_], imbalance: str, categorical: NDArray[np.bool_], seed: int
) -> TrainingRows:
    from imblearn.over_sampling import SMOTE, SMOTENC

    rarer = int(np.bincount(churned.astype(np.int64), minlength=2).min())
    settings = {"random_state": seed, "k_neighbors": min(NEIGHBORS, rarer - 1)}
    # Neighbours are told by distances, so that columns are brought to one scale first. Codes stay what they are.
    middle, scale = values.mean(axis=0), values.std(axis=0)
    middle[categorical], scale[categorical | (scale == 0)] = 0.0, 1.0
    mixed = imbalance == "smotenc" and categorical.any() and not categorical.all()
    sampler = SMOTENC(np.flatnonzero(categorical).tolist(), **settings) if mixed else SMOTE(**settings)
    found, labels = sampler.fit_resample((values - middle) / scale, churned)
    known, made = len(values), len(found) - len(values)
    return TrainingRows(
        values=np.concatenate([values, found[known:] * scale + middle]),
        churned=np.asarray(labels, bool),
        weight=np.ones(len(found)),
        source=np.concatenate([np.arange(known), np.full(made, -1)]),
        resampled=np.arange(len(found)) >= known,
    )


def refuse_resampled(rows: pl.DataFrame, where: str) -> None:
    """Raise BadDataError, naming it, where rows that judge a model hold a resampled one.

    rows: `user_id`, `cutoff` and, if there is one, the mark `resampled`. A made-up row has no user, and a row drawn
    again a user and cut-off that stand there already, whether or not anybody marked it.
    """
    marked = rows[RESAMPLED].fill_null(True).sum() if RESAMPLED in rows.columns else 0
    nobody = rows["user_id"].null_count()
    again = len(rows) - rows.select("user_id", "cutoff").n_unique()
    if marked or nobody or again:
        raise BadDataError(
            f"leak: {where} holds resampled rows: of {len(rows):,}, {marked} are marked, {nobody} are of no user, and "
            f"{again} of a user and day that stand there already. A model has learnt from what these are made of, so "
            "that figures of them mean nothing; resample training rows alone, after the split"
        )
