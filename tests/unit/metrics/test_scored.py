"""Metrics of scores against their definitions in plain Python, on rows and on counts by score."""

import math

import numpy as np
import pytest

from interest_spark.metrics.scored.gauc import gauc
from interest_spark.metrics.scored.lift import lift
from interest_spark.metrics.scored.scored import SCORED_METRICS, Scored, scored_metric_named


def random_rows(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of up to 40 rows, with ties, 0 and 1."""
    random = np.random.default_rng(seed)
    rows = random.integers(1, 41)
    return random.random(rows) < random.random(), random.integers(0, random.integers(2, 30), rows, endpoint=True) / 30


def definitions(label: np.ndarray, score: np.ndarray) -> dict[str, float]:
    both = label.any() and not label.all()
    share = 0.1 * len(label)
    return {
        "auc": plain_auc(label, score) if both else math.nan,
        "average_precision": plain_average_precision(label, score) if label.any() else math.nan,
        "log_loss": plain_log_loss(label, score),
        "brier": float(np.mean([(each - right) ** 2 for each, right in zip(score, label, strict=True)])),
        "calibration_error": plain_calibration_error(label, score),
        "lift": plain_lift(label, score, share) if label.any() else math.nan,
    }


def plain_auc(label: np.ndarray, score: np.ndarray) -> float:
    pairs = [(one, other) for one in score[label].tolist() for other in score[~label].tolist()]
    return sum(1.0 if one > other else 0.5 if one == other else 0.0 for one, other in pairs) / len(pairs)


def plain_average_precision(label: np.ndarray, score: np.ndarray) -> float:
    total = recall_before = 0.0
    for threshold in sorted(set(score.tolist()), reverse=True):
        taken = label[score >= threshold]
        recall = taken.sum() / label.sum()
        total += (recall - recall_before) * taken.mean()
        recall_before = recall
    return total


def plain_log_loss(label: np.ndarray, score: np.ndarray) -> float:
    least = 2.220446049250313e-16
    likely = [min(max(p if y else 1 - p, least), 1 - least) for y, p in zip(label, score.tolist(), strict=True)]
    return -sum(math.log(p) for p in likely) / len(likely)


def plain_calibration_error(label: np.ndarray, score: np.ndarray) -> float:
    gap = 0.0
    for place in range(10):
        inside = [n for n, p in enumerate(score) if place <= p * 10 < place + 1 or (place == 9 and p == 1)]
        if inside:
            gap += len(inside) * abs(np.mean(label[inside]) - np.mean(score[inside]))
    return gap / len(score)


def plain_lift(label: np.ndarray, score: np.ndarray, wanted: float) -> float:
    """Takes the best rows one score after another, of the last one as large a part as fits."""
    taken = positives = 0.0
    for each in sorted(set(score.tolist()), reverse=True):
        rows = np.flatnonzero(score == each)
        part = min(1.0, max(wanted - taken, 0.0) / len(rows))
        taken += part * len(rows)
        positives += part * label[rows].sum()
    return positives / wanted / label.mean()


def test_the_definitions_cover_every_metric() -> None:
    assert definitions(np.array([True, False]), np.array([0.5, 0.1])).keys() == set(SCORED_METRICS)


@pytest.mark.filterwarnings("ignore")
def test_equal_to_the_definitions() -> None:
    for seed in range(1_000):
        label, score = random_rows(seed)
        half = len(label) // 2
        parts = [Scored.of_rows(label[part], score[part]) for part in (slice(half), slice(half, None))]
        columns = ("score", "positives", "negatives")
        merged = Scored.counted(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))
        for name, expected in definitions(label, score).items():
            found = scored_metric_named(name)
            assert found(Scored.of_rows(label, score)) == pytest.approx(expected, abs=1e-9, nan_ok=True), (seed, name)
            assert found(merged) == pytest.approx(expected, abs=1e-9, nan_ok=True), (seed, name)


def test_grouped_auc() -> None:
    for seed in range(200):
        label, score = random_rows(seed)
        group = np.random.default_rng(seed).integers(0, 5, len(label))
        parts = [(label[group == each], score[group == each]) for each in set(group.tolist())]
        found = [(len(y), plain_auc(y, p)) for y, p in parts if y.any() and not y.all()]
        expected = sum(n * value for n, value in found) / sum(n for n, _ in found) if found else math.nan
        assert gauc(label, score, group) == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_nothing_to_measure() -> None:
    empty = Scored.of_rows(np.zeros(0), np.zeros(0))
    assert all(math.isnan(scored_metric_named(name)(empty)) for name in SCORED_METRICS)
    assert lift(Scored.of_rows(np.array([1, 0]), np.array([0.9, 0.1])), share=1.0) == 1.0
    with pytest.raises(ValueError, match="labels are 0 or 1"):
        Scored.of_rows(np.array([2]), np.array([0.5]))


def test_a_score_of_which_a_resample_has_no_row_changes_no_metric() -> None:
    label, score = np.array([1, 0, 1, 0, 0]), np.array([0.9, 0.7, 0.6, 0.3, 0.2])
    known = Scored.of_rows(label, score)
    gaps = Scored.counted(
        np.append(known.score, [1.0, 0.65, 0.0]),
        np.append(known.positives, [0, 0, 0]),
        np.append(known.negatives, [0, 0, 0]),
    )
    for name in SCORED_METRICS:
        metric = scored_metric_named(name)
        assert metric(gaps) == pytest.approx(metric(known), abs=1e-12), name
