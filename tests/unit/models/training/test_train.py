"""The loop of one rank: it learns, repeats itself bit by bit, and refuses what would spoil a model silently."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.summary.summary_iterator import summary_iterator

from interest_spark.config.training.networks import SasRecConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.data.reader import BlockReader
from interest_spark.models.parallel.collectives import OneRank
from interest_spark.models.training.plan import TrainPlan, TrainResult
from interest_spark.models.training.train import train
from interest_spark.storage.bundles import read_bundle
from tests.unit.models.worlds import make_plan, random_histories

T = 10


def run(plan: TrainPlan) -> TrainResult:
    result = train(plan, OneRank(), on_step=lambda step: None)
    assert result is not None
    return result


def curve(plan: TrainPlan) -> list[dict[str, float]]:
    return [json.loads(line) for line in plan.curve.read_text().splitlines()]


def test_a_rerun_is_bitwise_equal_and_another_seed_is_not(tmp_path: Path) -> None:
    histories = random_histories(60, 40, 15)
    network = SasRecConfig(dim=16, layers=2, heads=2, feed_forward=16, dropout=0.3)
    weights = []
    for number, seed in enumerate((1, 1, 2)):
        plan = make_plan(tmp_path / str(number), histories, T, epochs=2, seed=seed, threads=2, network=network)
        run(plan)
        weights.append(read_bundle(plan.bundle).weights)
    first, again, other = weights
    assert all(first[name].tobytes() == again[name].tobytes() for name in first)
    assert first["items"].tobytes() != other["items"].tobytes()


def test_the_curve_and_the_result_tell_the_same(tmp_path: Path) -> None:
    histories = random_histories(50, 30, 15)
    plan = make_plan(tmp_path, histories, T, epochs=3)
    result = run(plan)
    lines = curve(plan)
    targets = sum(len(history) - 1 for history in histories)  # the longer ones in several windows
    last = [line for line in lines if line["epoch"] == 3]
    assert [line["step"] for line in lines] == list(range(1, result.steps + 1))
    assert (result.epochs, result.targets) == (3, 3 * targets)
    assert sum(line["loss"] * line["targets"] for line in last) / targets == pytest.approx(result.loss)
    assert result.item_count == len(np.unique(np.concatenate(histories)))


def test_the_curve_tells_the_rate_of_the_schedule_and_the_norm_before_clipping(tmp_path: Path) -> None:
    optimizer = {"learning_rate": 0.01, "warmup_steps": 2, "schedule": "linear", "clip_norm": 1e-6}
    plan = make_plan(tmp_path, random_histories(50, 30, 15), T, epochs=2, optimizer=optimizer)
    steps = run(plan).steps
    lines = curve(plan)
    expected = [0.01 * min(step / 2, (steps - step) / (steps - 2)) for step in range(1, steps + 1)]
    np.testing.assert_allclose([line["learning_rate"] for line in lines], expected, rtol=1e-5, atol=1e-9)
    assert all(line["gradient_norm"] > 1e-3 for line in lines)


def test_tensorboard_gets_the_curve(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, random_histories(50, 30, 15), T, held_out=True, epochs=2, tensorboard=tmp_path / "board")
    run(plan)
    (events,) = (tmp_path / "board" / "tested").iterdir()
    found: dict[str, list[tuple[int, float]]] = {}
    for event in summary_iterator(str(events)):
        for value in event.summary.value:
            found.setdefault(value.tag, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    lines = curve(plan)
    assert [step for step, _ in found["targets_per_second"]] == [line["step"] for line in lines if "targets" in line]
    for tag in ("loss", "ndcg", "learning_rate", "gradient_norm"):
        expected = [(line["step"], line[tag]) for line in lines if tag in line]
        np.testing.assert_allclose(found[tag], expected, rtol=1e-5)


def test_patience_ends_a_run_and_the_best_weights_are_kept(tmp_path: Path) -> None:
    histories = random_histories(60, 40, 15)
    settings = {"patience": 2, "optimizer": {"learning_rate": 0.02}}
    plan = make_plan(tmp_path / "whole", histories, T, held_out=True, epochs=40, **settings)
    result = run(plan)
    judged = [line["ndcg"] for line in curve(plan) if "ndcg" in line]
    best = 1 + judged.index(max(judged))
    assert result.best_epoch == best
    assert result.epochs == best + 2 < 40
    assert result.ndcg == max(judged)
    until_then = make_plan(tmp_path / "best", histories, T, held_out=True, epochs=best, **settings)
    run(until_then)
    kept, expected = (read_bundle(each.bundle).weights for each in (plan, until_then))
    assert all(kept[name].tobytes() == expected[name].tobytes() for name in expected)


def test_targets_weigh_what_their_behavior_says_and_others_are_none(tmp_path: Path) -> None:
    histories = random_histories(50, 30, 15)
    behavior = [[1 + place % 2 for place in range(len(history))] for history in histories]  # view, cart, view, …
    lists = {"behavior": behavior}
    plain = run(make_plan(tmp_path / "all", histories, T, lists=lists, epochs=1))
    carts = run(make_plan(tmp_path / "carts", histories, T, lists=lists, epochs=1, target_weights={"cart": 2.0}))
    kept = [row[1:] for row in behavior]  # the behaviors of a history's targets
    assert plain.targets == sum(map(len, kept))
    assert carts.targets == sum(row.count(2) for row in kept)
    assert carts.loss == pytest.approx(np.log(carts.item_count), rel=0.05)  # a mean over weights, whatever they are


@pytest.mark.parametrize("kind", ["full", "sampled"])
def test_a_coarser_precision_learns_as_well_and_keeps_fine_weights(tmp_path: Path, kind: str) -> None:
    histories = [np.arange(2 + start, 10 + start, dtype=np.int32) for start in range(40)]
    first, last = {}, {}
    for precision in ("float32", "bfloat16"):
        settings = {"epochs": 12, "precision": precision, "loss": {"kind": kind}, "optimizer": {"learning_rate": 0.01}}
        plan = make_plan(tmp_path / precision, histories, T, files=1, row_group=50, **settings)
        last[precision] = run(plan).loss
        first[precision] = curve(plan)[0]["loss"]
        assert all(weight.dtype == np.float32 for weight in read_bundle(plan.bundle).weights.values())
    assert first["bfloat16"] != first["float32"]
    assert first["bfloat16"] == pytest.approx(first["float32"], rel=0.01)  # before the two go ways of their own
    assert last["bfloat16"] < 1.1 * last["float32"] < 0.1 * first["float32"]


def test_only_every_so_many_epochs_and_the_last_are_judged(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, random_histories(40, 30, 12), T, held_out=True, epochs=5, validate_every=2)
    run(plan)
    assert [line["epoch"] for line in curve(plan) if "ndcg" in line] == [2, 4, 5]


def test_max_steps_ends_inside_an_epoch(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, random_histories(80, 30, 15), T, epochs=5, max_steps=3)
    result = run(plan)
    assert (result.steps, result.epochs) == (3, 1)


def test_a_lost_row_group_is_found_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(tmp_path, random_histories(80, 30, 15), T, epochs=1, streams=1)
    read = BlockReader._row_groups

    def lossy(self: BlockReader, stream: int, seed: int) -> object:
        groups = list(read(self, stream, seed))
        return iter(groups[:-1])

    monkeypatch.setattr(BlockReader, "_row_groups", lossy)
    with pytest.raises(BadDataError, match=r"epoch 1: \d+ of \d+ blocks were not read, .*part-\d.parquet"):
        run(plan)
    assert not plan.bundle.exists()


def test_a_loss_that_is_no_number_stops_the_run_and_names_step_and_blocks(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, random_histories(80, 30, 15), T, epochs=50, optimizer={"learning_rate": 1e30})
    with pytest.raises(BadDataError, match=r"step \d+: .* its blocks are \d+.*train.optimizer.learning_rate"):
        run(plan)
    assert not plan.bundle.exists()


def test_histories_without_a_pair_are_nothing_to_train_on(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, [np.array([2], np.int32), np.array([3], np.int32)], T)
    with pytest.raises(BadDataError, match="no user has two known items up to 2024-05-01"):
        run(plan)


def test_one_user_with_two_items_is_enough(tmp_path: Path) -> None:
    assert run(make_plan(tmp_path, [np.array([2, 3], np.int32)], T, epochs=2)).targets == 2
