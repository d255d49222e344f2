"""The loop of one rank: it learns, repeats itself bit by bit, and refuses what would spoil a model silently."""

import json
from pathlib import Path

import numpy as np
import pytest

from interest_spark.bundles import read_bundle
from interest_spark.config import NetworkConfig
from interest_spark.errors import BadDataError
from interest_spark.model.collectives import OneRank
from interest_spark.model.plan import TrainPlan, TrainResult
from interest_spark.model.reader import BlockReader
from interest_spark.model.train import train
from tests.unit.model.worlds import make_plan, random_histories

T = 10


def run(plan: TrainPlan) -> TrainResult:
    result = train(plan, OneRank(), beat=lambda step: None)
    assert result is not None
    return result


def curve(plan: TrainPlan) -> list[dict[str, float]]:
    return [json.loads(line) for line in plan.curve.read_text().splitlines()]


def test_a_rerun_is_bitwise_equal_and_another_seed_is_not(tmp_path: Path) -> None:
    histories = random_histories(60, 40, 15)
    network = NetworkConfig(dim=16, layers=2, heads=2, feed_forward=16, dropout=0.3)
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
    targets = sum(min(len(history) - 1, T) for history in histories)
    last = [line for line in lines if line["epoch"] == 3]
    assert [line["step"] for line in lines] == list(range(1, result.steps + 1))
    assert (result.epochs, result.targets) == (3, 3 * targets)
    assert sum(line["loss"] * line["targets"] for line in last) / targets == pytest.approx(result.loss)
    assert result.item_count == len(np.unique(np.concatenate(histories)))


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
