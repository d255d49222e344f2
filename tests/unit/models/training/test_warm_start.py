"""Warm start: what the parent model knew stays as it was, and new items begin among their like."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from interest_spark.config.training.networks import SasRecConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.card import build_network, read_card
from interest_spark.models.data.candidates import read_candidates
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.parent_model import shapes_fit
from interest_spark.models.training.plan import ParentModel, TrainPlan, TrainResult
from interest_spark.models.training.train import train
from interest_spark.models.training.warm_start import starting_weights
from interest_spark.storage.bundles import read_bundle
from tests.unit.models.worlds import SCHEME, TINY, make_plan, random_histories

T = 10


def run(plan: TrainPlan) -> TrainResult:
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None
    return result


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> ParentModel:
    """Items 2 … 31, trained."""
    plan = make_plan(tmp_path_factory.mktemp("parent"), random_histories(60, 30, 12), T, epochs=2)
    sha = run(plan).manifest_sha256
    return ParentModel(model_version="first", path=plan.bundle, manifest_sha256=sha, trained_through="2024-04-30")


def candidates(index: list[int], category: list[int]) -> pa.Table:
    ids = [f"item-{item}" for item in index]
    return pa.table({"item_index": pa.array(index, pa.int32()), "item_id": ids, "category": category})


def test_old_rows_stay_bit_by_bit_and_new_ones_start_from_the_mean_of_their_category(parent: ParentModel) -> None:
    old = read_bundle(parent.path).weights
    fresh = build_network(TINY, 36, T, seed=9, columns=SCHEME).parameters
    known = read_bundle(parent.path).items["item_index"].to_pylist()
    items = candidates([*known, 33, 34, 35], [5 if item % 2 else 6 for item in known] + [5, 77, 0])
    warm = starting_weights(fresh, items, parent)
    assert warm["items"][: len(old["items"])].tobytes() == old["items"].tobytes()
    assert all(warm[name].tobytes() == old[name].tobytes() for name in old if name != "items")
    odd = old["items"][[item for item in known if item % 2]]
    everything = old["items"][known]
    np.testing.assert_allclose(warm["items"][33], odd.mean(axis=0), rtol=1e-5, atol=1e-7)
    for stranger in (34, 35):  # a category of its own, and none
        np.testing.assert_allclose(warm["items"][stranger], everything.mean(axis=0), rtol=1e-5, atol=1e-7)


def test_a_run_goes_on_from_the_parent_and_its_vocabulary_grows(parent: ParentModel, tmp_path: Path) -> None:
    plan = make_plan(tmp_path, random_histories(60, 40, 12, seed=5), T, epochs=7, continued_epochs=1, max_steps=1)
    plan = plan.model_copy(update={"parent": parent})
    result = run(plan)
    bundle = read_bundle(plan.bundle)
    card = read_card(bundle.config)
    assert (result.epochs, card.started_from, card.vocabulary_size) == (1, "first", 42)
    fresh = build_network(TINY, 42, T, plan.train.seed, SCHEME).parameters
    before = starting_weights(fresh, read_candidates(plan.candidates), parent)["items"]
    moved = np.abs(bundle.weights["items"] - before).max()
    assert 0 < moved < 0.01  # one step of Adam away from where it started


def test_a_day_without_news_gives_the_parent_again(parent: ParentModel, tmp_path: Path) -> None:
    nothing = make_plan(tmp_path, [np.array([item], np.int32) for item in range(2, 32)], T)
    run(nothing.model_copy(update={"parent": parent}))
    old, new = read_bundle(parent.path).weights, read_bundle(nothing.bundle).weights
    assert all(new[name].tobytes() == old[name].tobytes() for name in old)


def test_a_catalogue_that_shrank_keeps_its_rows(parent: ParentModel, tmp_path: Path) -> None:
    plan = make_plan(tmp_path, random_histories(40, 10, 12), T, continued_epochs=1)
    run(plan.model_copy(update={"parent": parent}))
    old, new = read_bundle(parent.path).weights["items"], read_bundle(plan.bundle).weights["items"]
    assert new.shape == old.shape
    assert new[12:].tobytes() == old[12:].tobytes()


def test_an_item_that_was_away_comes_back_to_its_own_row(parent: ParentModel, tmp_path: Path) -> None:
    away = make_plan(tmp_path, random_histories(40, 10, 12), T, continued_epochs=1)
    sha = run(away.model_copy(update={"parent": parent})).manifest_sha256
    without = parent.model_copy(update={"path": away.bundle, "manifest_sha256": sha})
    first = read_bundle(parent.path).weights["items"]
    fresh = build_network(TINY, 32, T, seed=9, columns=SCHEME).parameters
    back = starting_weights(fresh, candidates(list(range(2, 32)), [0] * 30), without)
    assert back["items"][12:].tobytes() == first[12:].tobytes()


def test_rows_are_zero_until_their_item_is_a_candidate(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, [history + history % 2 for history in random_histories(40, 30, 12)], T, epochs=1)
    sha = run(plan).manifest_sha256  # of items with even numbers alone
    bundle = read_bundle(plan.bundle)
    has_row = bundle.weights["items"].any(axis=1)
    assert np.flatnonzero(has_row).tolist() == bundle.items["item_index"].to_pylist()
    parent = ParentModel(model_version="even", path=plan.bundle, manifest_sha256=sha, trained_through="2024-04-30")
    fresh = build_network(TINY, 33, T, seed=9, columns=SCHEME).parameters
    known = bundle.items["item_index"].to_pylist()
    warm = starting_weights(fresh, candidates(sorted([*known, 31]), [0] * (len(known) + 1)), parent)
    np.testing.assert_allclose(warm["items"][31], bundle.weights["items"][known].mean(axis=0), rtol=1e-5, atol=1e-7)


def test_a_catalogue_of_new_items_alone_starts_afresh(parent: ParentModel) -> None:
    fresh = build_network(TINY, 42, T, seed=9, columns=SCHEME).parameters
    warm = starting_weights(fresh, candidates([40, 41], [0, 0]), parent)
    assert warm["items"][40:].tobytes() == fresh.values()["items"][40:].tobytes()


def test_a_changed_parent_is_refused(parent: ParentModel, tmp_path: Path) -> None:
    plan = make_plan(tmp_path, random_histories(40, 10, 12), T)
    with pytest.raises(BadDataError, match="was changed after training"):
        run(plan.model_copy(update={"parent": parent.model_copy(update={"manifest_sha256": "0" * 64})}))


@pytest.mark.parametrize(
    ("network", "tokens", "fits"),
    [
        ({}, T, True),
        ({"dropout": 0.5}, T, True),
        ({"heads": 1}, T, False),
        ({"norm": "post"}, T, False),
        ({}, 9, False),
    ],
)
def test_only_the_same_network_can_go_on(parent: ParentModel, network: dict[str, Any], tokens: int, fits: bool) -> None:
    card = read_card(read_bundle(parent.path).config)
    wanted = SasRecConfig.model_validate({**TINY.model_dump(), **network})
    assert shapes_fit(card, wanted, tokens, SCHEME) == fits
