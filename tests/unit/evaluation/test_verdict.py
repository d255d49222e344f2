"""Figures in words."""

from typing import Any

from interest_spark.evaluation.verdict import sentences, verdicts


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
    found = {each.against: each for each in verdicts(ROWS)}
    assert (found["als"].loses, found["als"].level) == (("ndcg@10",), ("recall@10",))
    assert found["popularity"].wins == ("ndcg@10",)


def test_of_earlier_releases_and_of_nobody_there_is_nothing_to_say() -> None:
    assert sentences([]) == []
    assert sentences([{"slice": "model", "metric": "ndcg@10", "value": 0.1, "low": None, "high": None}]) == []
    assert sentences([row("ndcg@10", None, "als")]) == []
