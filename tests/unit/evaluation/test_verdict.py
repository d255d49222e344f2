"""Figures in words: what is lost, won, or neither."""

from typing import Any

import pytest

from interest_spark.evaluation.judged_rows import told_apart
from interest_spark.evaluation.verdict import sentences, verdicts
from tests.report_world import metric_row


def row(metric: str, value: float | None, against: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "slice": "model",
        "metric": metric,
        "value": value,
        "low": None,
        "high": None,
        "users": 1_200,
        "against": against,
        "p_value": None,
        "p_adjusted": None,
        **more,
    }


ROWS = [
    row("ndcg@10", 0.2),
    row("ndcg@10", 0.25, slice="als"),
    row("ndcg@10", 0.1, slice="popularity"),
    row("ndcg@10", -0.05, "als", low=-0.07, high=-0.03, p_adjusted=0.001),
    row("recall@10", 0.01, "als", low=-0.01, high=0.02, p_adjusted=0.3),
    row("ndcg@10", 0.1, "popularity", low=0.05, high=0.15, p_adjusted=0.001),
    row("ndcg@10", 0.1, "own_frequency", low=0.001, high=0.2, p_adjusted=0.08),
    row("ndcg@10", 0.1, "champion", low=0.05, high=0.15, p_adjusted=0.001),
]


def test_what_is_lost_comes_first() -> None:
    assert sentences(ROWS) == [
        "the model loses to als in ndcg@10: 0.2000 against 0.2500, difference -0.0500 (95 % -0.0700 … -0.0300), "
        "p 0.001 over 1,200 users",
        "the model is no better than als in recall@10: difference +0.0100 (95 % -0.0100 … +0.0200), p 0.3 over "
        "1,200 users",
        "the model is no better than own_frequency in ndcg@10: difference +0.1000 (95 % +0.0010 … +0.2000), p 0.08 "
        "over 1,200 users",
        "the model beats champion and popularity",
    ]


def test_of_earlier_releases_and_of_nobody_there_is_nothing_to_say() -> None:
    assert sentences([]) == []
    assert sentences([{"slice": "model", "metric": "ndcg@10", "value": 0.1, "low": None, "high": None}]) == []
    assert sentences([row("ndcg@10", None, "als")]) == []


def test_two_intervals_speak_where_no_differences_were_made() -> None:
    rows = [row("ndcg@10", 0.3, low=0.25, high=0.35), row("ndcg@10", 0.5, slice="als", low=0.45, high=0.55)]
    assert sentences(rows) == [
        "the model loses to als in ndcg@10: 0.3000 against 0.5000, difference -0.2000 "
        "(95 % by the two intervals -0.3000 … -0.1000) over 1,200 users"
    ]


def kinds(*differences: dict[str, Any]) -> dict[str, str]:
    """By contender, where each stands at the model's own value."""
    figures = [metric_row(name, metric, 0.3) for name in ("model", "als") for metric in ("ndcg@10", "recall@10")]
    said = verdicts(told_apart("sasrec", [*figures, *differences]))
    return {each.against: each.outcome for each in said}


def difference(metric: str, low: float, high: float, **changes: Any) -> dict[str, Any]:
    return metric_row("model", metric, (low + high) / 2, low=low, high=high, against="als", **changes)


@pytest.mark.parametrize(
    ("differences", "kind"),
    [
        ([difference("ndcg@10", 0.01, 0.03)], "wins"),
        ([difference("ndcg@10", -0.03, -0.01)], "loses"),
        ([difference("ndcg@10", -0.01, 0.03)], "level"),
        ([difference("ndcg@10", 0.01, 0.03), difference("recall@10", -0.2, -0.1)], "loses"),
        ([difference("ndcg@10", -0.01, 0.03), difference("recall@10", 0.1, 0.2)], "level"),
        ([difference("ndcg@10", -0.03, -0.01, p_adjusted=0.2)], "level"),
        ([difference("ndcg@10", -0.03, -0.01, p_adjusted=0.001)], "loses"),
        ([], "level"),  # two intervals that touch
    ],
)
def test_a_difference_counts_where_its_whole_interval_is_on_one_side(
    differences: list[dict[str, Any]], kind: str
) -> None:
    assert kinds(*differences) == {"als": kind}


def test_what_the_model_loses_to_comes_first() -> None:
    values = {"model": 0.3, "weak": 0.1, "strong": 0.5, "alike": 0.31}
    rows = [metric_row(name, "ndcg@10", value) for name, value in values.items()]
    said = verdicts(told_apart("sasrec", rows))
    assert [(each.against, each.outcome) for each in said] == [
        ("strong", "loses"),
        ("alike", "level"),
        ("weak", "wins"),
    ]


def test_figures_of_whole_lists_decide_nothing() -> None:
    rows = [metric_row("model", "ndcg@10", 0.3), metric_row("als", "ndcg@10", 0.1)]
    rows += [metric_row("model", "gini@10", 0.1), metric_row("als", "gini@10", 0.9)]
    (said,) = verdicts(told_apart("sasrec", rows))
    assert (said.outcome, [each.metric for each in said.differences]) == ("wins", ["ndcg@10"])
