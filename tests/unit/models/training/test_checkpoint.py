"""Checkpoints are whole or passed over, and hold all that a run needs."""

from pathlib import Path

import numpy as np
import pytest

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.training.checkpoint import Checkpoint, read_newest_checkpoint, write_checkpoint
from interest_spark.models.training.run_state import RunState

SHAPES = {"layer/weight": (2, 3), "adam/steps": ()}


def checkpoint(step: int, best: bool = True) -> Checkpoint:
    arrays = {"layer/weight": np.full((2, 3), step, np.float32), "adam/steps": np.int64(step)}
    state = RunState(epochs=1, steps=step, best_ndcg=0.25 if best else -np.inf, best_epoch=1)
    return Checkpoint(state, arrays, {"layer/weight": np.zeros((2, 3))} if best else None, f"line {step}\n")


def test_the_newest_comes_back_as_it_was_and_the_oldest_goes(tmp_path: Path) -> None:
    for step in (9, 10, 11):
        write_checkpoint(tmp_path, checkpoint(step))
    found = read_newest_checkpoint(tmp_path, SHAPES)
    assert found is not None
    assert found.state == checkpoint(11).state
    assert found.curve == "line 11\n"
    assert {name: array.tolist() for name, array in found.arrays.items()} == {
        "layer/weight": [[11.0] * 3] * 2,
        "adam/steps": 11,
    }
    assert found.best is not None
    assert list(found.best) == ["layer/weight"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000000010", "step-000000000011"]


def test_before_the_first_judgement_there_is_no_best(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, checkpoint(3, best=False))
    found = read_newest_checkpoint(tmp_path, SHAPES)
    assert found is not None
    assert found.best is None
    assert found.state.best_ndcg == -np.inf


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    for step in (1, 2):
        write_checkpoint(tmp_path, checkpoint(step))
    arrays = tmp_path / "step-000000000002" / "arrays.npz"
    damaged = bytearray(arrays.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    arrays.write_bytes(damaged)
    found = read_newest_checkpoint(tmp_path, SHAPES)
    assert found is not None
    assert found.state.steps == 1


def test_a_checkpoint_of_another_network_or_another_version_is_passed_over(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, checkpoint(1))
    write_checkpoint(tmp_path, checkpoint(2))
    assert read_newest_checkpoint(tmp_path, {**SHAPES, "layer/weight": (2, 4)}) is None
    with pytest.raises(BadDataError, match="state has mood"):
        RunState.of_json({**RunState().as_json(), "mood": 1})


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert read_newest_checkpoint(tmp_path / "nothing", SHAPES) is None


STATES = [
    *({"epochs": value} for value in ("many", None, [], 1.5, {})),
    *({"loss": value} for value in ("low", None, [1])),
    *({"best_ndcg": value} for value in ("best", None)),
    {"mood": 1},
]


@pytest.mark.parametrize("change", STATES, ids=str)
def test_a_state_that_was_changed_and_sealed_again_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    write_checkpoint(tmp_path, checkpoint(1))
    as_json = RunState.as_json
    monkeypatch.setattr(RunState, "as_json", lambda state: {**as_json(state), **change})
    write_checkpoint(tmp_path, checkpoint(2))
    found = read_newest_checkpoint(tmp_path, SHAPES)
    assert found is not None
    assert found.state.steps == 1
