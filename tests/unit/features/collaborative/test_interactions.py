"""A history's distinct items and their weights, held against a loop over its events."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interest_spark.config.collaborative import AlsConfig, CollaborativeConfig, EaseConfig, ItemToItemConfig
from interest_spark.features.collaborative import pairs
from interest_spark.features.collaborative.interactions import InteractionRule, interactions, rule_of
from interest_spark.features.collaborative.pairs import gram_of
from interest_spark.schemas.behaviors import BEHAVIOR_CODES
from tests.histories import START, as_histories

EVENT = st.tuples(st.integers(0, 6), st.integers(1, 3), st.integers(0, 40))
HISTORIES = st.lists(st.lists(EVENT, max_size=9), max_size=5)
RULES = st.builds(
    InteractionRule,
    behavior_weights=st.sampled_from([None, (0.0, 1.0, 0.0, 2.5)]),
    half_life_days=st.sampled_from([None, 4.0]),
    counts=st.booleans(),
    last_items=st.sampled_from([None, 1, 2, 3]),
)


def event_by_event(history: list[tuple[int, int, int]], rule: InteractionRule, now: int | None) -> dict[int, float]:
    """The item weights of one history of (item, behavior, day), oldest first."""
    until = history[-1][2] if now is None and history else now
    found: dict[int, float] = {}
    for item, behavior, day in history:
        weight = 1.0 if rule.behavior_weights is None else rule.behavior_weights[behavior]
        if rule.half_life_days is not None and until is not None:
            weight *= 0.5 ** ((until - day) / rule.half_life_days)
        if item < 2 or weight == 0:
            continue
        before = found.pop(item, 0.0)  # and at the end again: the latest items are the last keys
        found[item] = before + weight if rule.counts else max(before, weight)
    kept = list(found)[-rule.last_items :] if rule.last_items else list(found)
    return {item: found[item] for item in kept}


@settings(max_examples=300, deadline=None)
@given(histories=HISTORIES, rule=RULES, now=st.sampled_from([None, 50]))
def test_interactions_are_those_of_a_loop(
    histories: list[list[tuple[int, int, int]]], rule: InteractionRule, now: int | None
) -> None:
    ordered = [sorted(history, key=lambda event: event[2]) for history in histories]
    table = as_histories(
        [[item for item, _, _ in history] for history in ordered],
        behavior=[[behavior for _, behavior, _ in history] for history in ordered],
        event_time=[[START + timedelta(days=day) for _, _, day in history] for history in ordered],
        arrival_day=[[0] * len(history) for history in ordered],
    )
    instant = None if now is None else int((START + timedelta(days=now)).timestamp()) * 1_000_000
    found = interactions(table, rule, instant)
    expected = [event_by_event(history, rule, now) for history in ordered]
    wanted = [(owner, item) for owner, items in enumerate(expected) for item in sorted(items)]
    assert list(zip(found.owner.tolist(), found.item.tolist(), strict=True)) == wanted
    assert found.weight == pytest.approx([expected[owner][item] for owner, item in wanted])


@settings(max_examples=100, deadline=None)
@given(histories=st.lists(st.lists(st.integers(2, 8), max_size=8), min_size=1, max_size=6), counts=st.booleans())
def test_the_gram_matrix_is_the_product_of_the_weights(histories: list[list[int]], counts: bool) -> None:
    weights = np.zeros((len(histories), 9))
    for row, history in enumerate(histories):
        for item in history:
            weights[row, item] = weights[row, item] + 1 if counts else 1
    found = np.zeros((9, 9))
    rows = gram_of(interactions(as_histories(histories), InteractionRule(counts=counts)))
    found[rows["item_index"].to_numpy(), rows["neighbour"].to_numpy()] = rows["together"].to_numpy()
    assert np.allclose(found, weights.T @ weights)


@settings(max_examples=50, deadline=None)
@given(histories=st.lists(st.lists(st.integers(2, 8), max_size=8), max_size=6), most=st.integers(1, 60))
def test_pairs_of_pieces_add_up_to_those_of_all(histories: list[list[int]], most: int) -> None:
    found = interactions(as_histories(histories), InteractionRule())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pairs, "_PAIRS_A_PIECE", most)
        parts = list(pairs._pieces_of_pairs(found))
    assert [owner for part in parts for owner in part.owner] == found.owner.tolist()
    assert pairs._summed([gram_of(part) for part in parts]).equals(pairs._summed([gram_of(found)]))


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        (AlsConfig(), InteractionRule(counts=True)),
        (ItemToItemConfig(half_life_days=7, last_items=9), InteractionRule(half_life_days=7, last_items=9)),
        (EaseConfig(last_items=9), InteractionRule(last_items=9)),
    ],
)
def test_each_kind_weighs_as_its_configuration_says(config: CollaborativeConfig, rule: InteractionRule) -> None:
    assert rule_of(config) == rule


def test_behaviors_that_are_not_named_weigh_nothing() -> None:
    rule = rule_of(AlsConfig(behavior_weights={"purchase": 5, "view": 1}))
    assert rule.behavior_weights is not None
    weighed = {name: rule.behavior_weights[code] for name, code in BEHAVIOR_CODES.items() if name in ("view", "cart")}
    assert weighed == {"view": 1, "cart": 0}
    assert rule.behavior_weights[BEHAVIOR_CODES["purchase"]] == 5
    assert rule.lists == ("item_index", "behavior")
