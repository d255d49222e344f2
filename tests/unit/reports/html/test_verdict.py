"""What the verdict says of differences: lost, won, or neither."""

from typing import Any

import pytest

from interest_spark.reports.html.judged import told_apart
from interest_spark.reports.html.sections.verdict import verdicts
from tests.report_world import metric_row


def kinds(*differences: dict[str, Any]) -> dict[str, str]:
    """By contender, where each stands at the model's own value."""
    figures = [metric_row(name, metric, 0.3) for name in ("model", "als") for metric in ("ndcg@10", "recall@10")]
    said = verdicts(told_apart("sasrec", [*figures, *differences]))
    return {each["contender"]: each["kind"] for each in said}


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
    assert [(each["contender"], each["kind"]) for each in said] == [
        ("strong", "loses"),
        ("alike", "level"),
        ("weak", "wins"),
    ]


def test_figures_of_whole_lists_decide_nothing() -> None:
    rows = [metric_row("model", "ndcg@10", 0.3), metric_row("als", "ndcg@10", 0.1)]
    rows += [metric_row("model", "gini@10", 0.1), metric_row("als", "gini@10", 0.9)]
    (said,) = verdicts(told_apart("sasrec", rows))
    assert (said["kind"], said["difference"]["metric"]) == ("wins", "ndcg@10")
