"""Figures of lists, from frames whose answers are known."""

import polars as pl
import pytest

from interest_spark.features.gates.judge import Measured
from interest_spark.features.gates.lists import ListRules, measure_lists, sum_last_lists, sum_lists, sum_unserved

RULES = ListRules(k=3)


def lists(users: dict[str, str], source: str = "model") -> pl.DataFrame:
    """Suggestions by user, an item a letter."""
    rows = [
        {"user_id": user, "rank": rank, "item_id": item, "score": 1.0 / rank, "source": source}
        for user, items in users.items()
        for rank, item in enumerate(items, start=1)
    ]
    return pl.DataFrame(rows)


def figures(parts: list[pl.DataFrame], known_items: int = 10) -> dict[str, Measured]:
    return {each.figure: each for each in measure_lists(parts, known_items)}


def test_lengths_sources_coverage_and_the_top_item() -> None:
    parts = [
        sum_lists(lists({"u1": "abc", "u2": "abd"}), RULES),
        sum_lists(lists({"u3": "ab"}, "popularity"), RULES),
        sum_unserved(pl.DataFrame({"reason": ["too_few_candidates", "too_few_candidates", "bot"], "rows": [2, 0, 0]})),
    ]
    found = {name: each.value for name, each in figures(parts).items()}
    assert found == {
        "lists": 3,
        "without_list": pytest.approx(1 / 4),
        "short_lists": pytest.approx(1 / 3),
        "list_source:model": pytest.approx(6 / 8),
        "list_source:popularity": pytest.approx(2 / 8),
        "coverage": pytest.approx(4 / 10),
        "top_item": pytest.approx(1.0),
        "drift:score": 0.0,
    }


def test_overlap_is_of_users_who_had_lists_before() -> None:
    now, last = lists({"u1": "abc", "u2": "xyz", "new": "abc"}), lists({"u1": "abd", "u2": "xyz", "gone": "abc"})
    found = figures([sum_lists(now, RULES), sum_last_lists(last, RULES)])
    assert found["overlap"].value == pytest.approx(5 / 6)
    assert "overlap" not in figures([sum_lists(now, RULES)])


def test_parts_in_any_cut_give_the_same() -> None:
    whole = lists({f"u{user}": "abcdefgh"[user % 5 :][:3] for user in range(40)})
    cut = [sum_lists(whole.slice(start, 7), RULES) for start in range(0, len(whole), 7)]
    assert figures(cut) == figures([sum_lists(whole, RULES)])


def test_no_list_at_all() -> None:
    nothing = pl.DataFrame({"reason": ["too_few_candidates"], "rows": [0]})
    assert {name: each.value for name, each in figures([sum_unserved(nothing)]).items()} == {
        "lists": 0,
        "without_list": 1.0,
    }
    assert {name: each.value for name, each in figures([]).items()} == {"lists": 0}


def test_sampled_users_tell_the_overlap_of_all() -> None:
    users = {f"u{user}": "abc" for user in range(4_000)}
    half = {user: "abc" if number % 2 else "xyz" for number, user in enumerate(users)}
    rules = ListRules(3, sample=8)
    found = figures([sum_lists(lists(users), rules), sum_last_lists(lists(half), rules)])
    assert found["overlap"].value == pytest.approx(0.5, abs=0.08)
    assert found["overlap"].count < 2_500
