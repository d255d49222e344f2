"""The Qini curve and what follows from it, against sums made customer by customer."""

from fractions import Fraction

import numpy as np
import pytest

from interest_spark.metrics.uplift.curve import QiniCurve, UpliftRows, qini_curve
from interest_spark.metrics.uplift.effect import average_effect, concentration, effects_by_part
from interest_spark.metrics.uplift.qini import qini, qini_area


def rows_of(seed: int, customers: int = 60, distinct: int = 12) -> UpliftRows:
    """With many equal predictions, and both arms from the first of them on."""
    rng = np.random.default_rng(seed)
    treated = rng.random(customers) < 0.4
    treated[:2] = True, False
    prediction = rng.integers(0, distinct, customers).astype(float)
    prediction[:2] = distinct
    return UpliftRows.of_trial(
        prediction, treated, rng.integers(0, 5, customers).astype(float), np.full(customers, 0.4)
    )


def by_hand(rows: UpliftRows) -> list[tuple[Fraction, Fraction]]:
    """Share and gain at each distinct prediction, in fractions."""
    weight = [Fraction(5, 2) if each else Fraction(5, 3) for each in rows.treated]
    points = [(Fraction(0), Fraction(0))]
    for threshold in sorted(set(rows.prediction), reverse=True):
        taken = [place for place, each in enumerate(rows.prediction) if each >= threshold]
        share = sum(weight[place] for place in taken) / sum(weight)
        means = []
        for arm in (True, False):
            own = [place for place in taken if rows.treated[place] == arm]
            total = sum(Fraction(int(rows.outcome[place])) for place in own)
            means.append(total / len(own))
        points.append((share, share * (means[0] - means[1])))
    return points


@pytest.mark.parametrize("seed", range(20))
def test_the_curve_and_its_coefficient_are_those_counted_by_hand(seed: int) -> None:
    rows = rows_of(seed)
    points = by_hand(rows)
    curve = qini_curve(rows)
    assert curve.share.tolist() == pytest.approx([float(share) for share, _ in points])
    assert curve.gain.tolist() == pytest.approx([float(gain) for _, gain in points])
    pairs = zip(points[1:], points[:-1], strict=True)
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for b, a in pairs) - points[-1][1] / 2
    assert qini_area(curve) == pytest.approx(float(area))
    if points[-1][1]:
        assert qini(curve) == pytest.approx(float(2 * area / abs(points[-1][1])))
    assert average_effect(rows) == pytest.approx(float(points[-1][1]))


def test_the_order_of_rows_changes_nothing() -> None:
    rows, order = rows_of(3), np.random.default_rng(1).permutation(60)
    other = UpliftRows(*(each[order] for each in (rows.prediction, rows.treated, rows.outcome, rows.weight)))
    assert qini_curve(other).gain.tolist() == pytest.approx(qini_curve(rows).gain.tolist())


def test_a_prediction_of_nothing_has_the_coefficient_of_chance() -> None:
    rows = rows_of(4)
    flat = UpliftRows(np.zeros(60), rows.treated, rows.outcome, rows.weight)
    assert qini_area(qini_curve(flat)) == pytest.approx(0)
    assert concentration(flat) == pytest.approx(1)


def test_the_other_way_round_is_as_far_below_chance() -> None:
    rng = np.random.default_rng(0)
    uplift = rng.random(20_000) < 0.3
    treated = rng.random(20_000) < 0.5
    outcome = (uplift & treated).astype(float)
    for sign, wanted in ((1.0, 0.7), (-1.0, -0.7)):
        rows = UpliftRows.of_trial(sign * uplift, treated, outcome, np.full(20_000, 0.5))
        assert qini(qini_curve(rows)) == pytest.approx(wanted, abs=0.05)
    assert concentration(UpliftRows.of_trial(1.0 * uplift, treated, outcome, np.full(20_000, 0.5))) > 3.2


def test_a_weight_of_two_is_a_customer_twice() -> None:
    rows = rows_of(5)
    weight = rows.weight * np.where(np.arange(60) < 10, 2, 1)
    twice = np.append(np.arange(60), np.arange(10))
    doubled = UpliftRows(*(each[twice] for each in (rows.prediction, rows.treated, rows.outcome, rows.weight)))
    weighted = UpliftRows(rows.prediction, rows.treated, rows.outcome, weight)
    assert qini(qini_curve(weighted)) == pytest.approx(qini(qini_curve(doubled)))
    assert average_effect(weighted) == pytest.approx(average_effect(doubled))


def test_parts_hold_equal_shares_and_fall_where_the_order_is_right() -> None:
    rng = np.random.default_rng(2)
    uplift = np.linspace(1, 0, 50_000)
    treated = rng.random(50_000) < 0.5
    outcome = (rng.random(50_000) < uplift * treated).astype(float)
    found = effects_by_part(UpliftRows.of_trial(uplift, treated, outcome, np.full(50_000, 0.5)))
    assert found.tolist() == pytest.approx(np.arange(0.95, 0, -0.1).tolist(), abs=0.04)


def test_what_cannot_be_told_is_no_number() -> None:
    treated = np.array([True, True])
    alone = UpliftRows.of_trial(np.array([1.0, 0]), treated, np.ones(2), np.full(2, 0.5))
    assert np.isnan(average_effect(alone))
    assert np.isnan(qini(QiniCurve(np.array([0.0, 1]), np.array([0.0, 0]))))
    assert np.isnan(
        concentration(UpliftRows.of_trial(np.zeros(2), np.array([True, False]), np.ones(2), np.full(2, 0.5)))
    )
