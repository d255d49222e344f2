"""Views and shorter histories change what they say, in every history by itself, and nothing else."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from interest_spark.config.training.helpers import AugmentConfig, ContrastiveConfig
from interest_spark.config.training.networks import SasRecConfig
from interest_spark.models.losses.loss import Targets
from interest_spark.models.training.augmentation import ShorterHistories
from interest_spark.models.training.contrastive import contrast
from interest_spark.models.training.segments import places
from interest_spark.models.training.views import Views
from interest_spark.schemas.behaviors import UNKNOWN_INDEX
from tests.unit.models.worlds import pack, random_histories

T = 24
NETWORK = SasRecConfig(dim=8, inputs=("behavior", "hour"))
KEYS = np.array([[1, 2], [3, 4]], np.int32)
COLUMNS = ("item", "segment", "position", "behavior", "hour", "target")

Array = np.ndarray[Any, Any]
Blocks = dict[str, Array]


def blocks() -> Blocks:
    histories = random_histories(60, 300, T - 4, seed=2)
    behavior = [list(1 + np.arange(len(history)) % 9) for history in histories]
    packed = pack(histories, T, behavior=behavior)
    count = len(packed["item"]) // 2 * 2
    return {name: packed[name][:count] for name in COLUMNS}


BLOCKS = blocks()


def on_graph(columns: Blocks) -> dict[str, tf.Tensor]:
    return {name: tf.constant(values) for name, values in columns.items()}


def view(
    config: ContrastiveConfig, number: int = 1, keys: Array = KEYS, columns: Blocks = BLOCKS
) -> tuple[Blocks, Array]:
    tokens, read = Views(config, NETWORK)(on_graph(columns), tf.constant(keys), number)
    return {name: np.asarray(values) for name, values in tokens.items()}, read.numpy()


def histories_of(columns: Blocks) -> list[tuple[int, int, int]]:
    """Block, first place and end of every segment."""
    found = []
    for block, segment in enumerate(columns["segment"]):
        for number in [each for each in np.unique(segment) if each]:
            (own,) = np.nonzero(segment == number)
            assert (np.diff(own) == 1).all()
            found.append((block, own[0], own[-1] + 1))
    return sorted(found)


def check_positions(columns: Blocks) -> None:
    for block, first, end in histories_of(columns):
        assert (columns["position"][block, first:end] == np.arange(T - (end - first), T)).all()


ONLY = {"crop": {"crop": 0.6}, "mask": {"mask": 0.4}, "reorder": {"reorder": 0.6}}
CONFIGS = {
    name: ContrastiveConfig.model_validate({"crop": 0, "mask": 0, "reorder": 0, **shares})
    for name, shares in ONLY.items()
}


def test_places_count_within_runs() -> None:
    at = places(tf.constant([[1, 1, 2, 0, 0], [3, 3, 3, 3, 3]]))
    assert at.rank.numpy().tolist() == [[0, 1, 0, 0, 1], [0, 1, 2, 3, 4]]
    assert at.length.numpy().tolist() == [[2, 2, 1, 2, 2], [5, 5, 5, 5, 5]]


def test_a_cropped_view_keeps_a_stretch_as_a_history_of_its_own() -> None:
    changed, read = view(CONFIGS["crop"])
    check_positions(changed)
    assert changed["item"].tolist() == BLOCKS["item"].tolist()
    ends = {(block, end - 1): end - first for block, first, end in histories_of(changed)}
    firsts = set()
    for block, first, end in histories_of(BLOCKS):
        (own,) = np.nonzero(read[block, first:end])
        assert len(own) == 1
        assert ends[block, first + own[0]] == max(int(np.float32(end - first) * np.float32(0.6)), 1)
        firsts.add(first + own[0] < end - 1)
    assert firsts == {True, False}


def test_a_masked_view_hides_a_share_of_the_items_and_all_that_goes_with_them() -> None:
    changed, read = view(CONFIGS["mask"])
    hidden = changed["item"] != BLOCKS["item"]
    used = BLOCKS["segment"] > 0
    assert not (hidden & ~used).any()
    assert hidden.sum() / used.sum() == pytest.approx(0.4, abs=0.07)
    assert (changed["item"][hidden] == UNKNOWN_INDEX).all()
    for name in ("behavior", "hour"):
        assert not changed[name][hidden].any()
        assert (changed[name] == BLOCKS[name])[~hidden].all()
    assert all((changed[name] == BLOCKS[name]).all() for name in ("segment", "position"))
    assert sorted(zip(*np.nonzero(read), strict=True)) == [(block, end - 1) for block, _, end in histories_of(BLOCKS)]


def test_a_reordered_view_shuffles_a_stretch_of_what_happened_and_leaves_the_times() -> None:
    changed, _ = view(CONFIGS["reorder"])
    moved = 0
    for block, first, end in histories_of(BLOCKS):
        before, after = (
            list(zip(each["item"][block, first:end], each["behavior"][block, first:end], strict=True))
            for each in (BLOCKS, changed)
        )
        assert sorted(before) == sorted(after)
        (places_moved,) = np.nonzero([a != b for a, b in zip(before, after, strict=True)])
        if len(places_moved):
            assert np.ptp(places_moved) < max(int(np.float32(end - first) * np.float32(0.6)), 1)
        moved += len(places_moved)
    assert moved > 100
    assert all((changed[name] == BLOCKS[name]).all() for name in ("segment", "position", "hour"))


def test_every_change_has_its_turn_and_the_two_views_differ() -> None:
    config = ContrastiveConfig()
    first, second, again = (view(config, number) for number in (1, 2, 1))
    assert (first[0]["item"] != second[0]["item"]).any()
    for name, values in first[0].items():
        np.testing.assert_array_equal(values, again[0][name])
    assert (first[0]["segment"] != BLOCKS["segment"]).any()
    assert (first[0]["item"] == UNKNOWN_INDEX).any()
    assert first[1].sum() == second[1].sum() == len(histories_of(BLOCKS))


@pytest.mark.parametrize("config", [ContrastiveConfig(), AugmentConfig(cut=0.5, hide=0.5)], ids=["views", "shorter"])
def test_a_stream_is_changed_by_its_own_key(config: ContrastiveConfig | AugmentConfig) -> None:
    half = len(BLOCKS["item"]) // 2
    whole = changed_by(config, KEYS, BLOCKS)
    for stream in range(2):
        part = slice(stream * half, (stream + 1) * half)
        own = changed_by(config, KEYS[stream : stream + 1], {name: values[part] for name, values in BLOCKS.items()})
        for name, values in own.items():
            np.testing.assert_array_equal(values, whole[name][part])


def changed_by(config: ContrastiveConfig | AugmentConfig, keys: Array, columns: Blocks) -> Blocks:
    return (
        view(config, 1, keys, columns)[0] if isinstance(config, ContrastiveConfig) else shorter(config, keys, columns)
    )


def shorter(config: AugmentConfig, keys: Array = KEYS, columns: Blocks = BLOCKS) -> Blocks:
    targets = Targets(tf.constant(columns["target"]), tf.ones(columns["target"].shape))
    tokens, same = ShorterHistories(config, NETWORK)(on_graph(columns), targets, tf.constant(keys))
    assert same is targets
    return {name: np.asarray(values) for name, values in tokens.items()}


def test_a_cut_history_is_two_and_positions_follow() -> None:
    changed = shorter(AugmentConfig(cut=1.0, hide=0.0))
    check_positions(changed)
    assert changed["item"].tolist() == BLOCKS["item"].tolist()
    longer = [each for each in histories_of(BLOCKS) if each[2] - each[1] > 1]
    assert len(histories_of(changed)) == len(histories_of(BLOCKS)) + len(longer)
    assert (
        0.3
        < (np.array(histories_of(shorter(AugmentConfig(cut=0.5, hide=0.0)))).shape[0] - len(histories_of(BLOCKS)))
        / len(longer)
        < 0.7
    )


def test_items_of_short_histories_are_hidden_and_none_of_others() -> None:
    changed = shorter(AugmentConfig(cut=0.0, hide=0.5, shorter_than=8))
    hidden = changed["item"] == UNKNOWN_INDEX
    short = np.zeros_like(hidden)
    for block, first, end in histories_of(BLOCKS):
        short[block, first:end] = end - first < 8
    assert not (hidden & ~short).any()
    assert hidden.sum() / short.sum() == pytest.approx(0.5, abs=0.15)
    assert all((changed[name] == BLOCKS[name]).all() for name in ("segment", "position", "target"))


def test_the_contrast_of_views_is_that_of_the_formula() -> None:
    random = np.random.default_rng(0)
    first, second = (random.normal(size=(5, 4)).astype(np.float32) for _ in range(2))
    views = np.concatenate([first, second]).astype(np.float64)
    views /= np.linalg.norm(views, axis=1, keepdims=True)
    likeness = np.exp(views @ views.T / 0.3)
    np.fill_diagonal(likeness, 0.0)
    own = likeness[np.arange(10), (np.arange(10) + 5) % 10]
    expected = -np.log(own / likeness.sum(axis=1)).mean()
    assert float(contrast(tf.constant(first), tf.constant(second), 0.3)) == pytest.approx(expected, rel=1e-5)
    assert float(contrast(tf.zeros([0, 4]), tf.zeros([0, 4]), 0.3)) == 0.0


def test_views_that_would_not_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="crop, mask and reorder are all 0"):
        ContrastiveConfig(crop=0.0, mask=0.0, reorder=0.0)
