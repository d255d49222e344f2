"""Training with blocks, bundle and the ranks' messages in S3: the model of local files, and nothing left behind."""

import importlib.util
import json
import secrets
import tempfile
from pathlib import Path

import numpy as np
import pytest

from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.foundation.locations import Url
from interest_spark.models.data.local_files import on_this_machine
from interest_spark.models.launch.failures import find_failure, note_failure
from interest_spark.models.launch.launch import launch
from interest_spark.models.launch.stop import StopRequest
from interest_spark.models.launch.watchdog import Watchdog
from interest_spark.models.launch.work_folder import is_there, seconds_between_looks, times_in, touch
from interest_spark.models.training.checkpoint import Checkpoint, read_newest_checkpoint, write_checkpoint
from interest_spark.models.training.plan import CURVE, TrainPlan
from interest_spark.models.training.run_state import RunState
from interest_spark.storage.bundles import check_bundle, read_bundle
from interest_spark.storage.file_stores import store_of
from interest_spark.storage.folder_files import files_below, folders_in, write_file
from tests.cluster.s3_server import BUCKET, S3Server
from tests.unit.models.worlds import make_plan, random_histories

needs_horovod = pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed")


@pytest.fixture
def folder(s3: S3Server) -> Url:
    return Url(f"s3://{BUCKET}/{secrets.token_hex(4)}")


def _stored(plan: TrainPlan, folder: Url) -> TrainPlan:
    """The same plan with all its files in S3."""
    files = []
    for file in plan.files:
        files.append(f"{folder}/train_blocks/{Path(file).name}")
        write_file(Url(files[-1]), Path(file).read_bytes())
    stored = plan.model_copy(update={"files": files, "bundle": folder / "bundle", "work": folder / "work"})
    for file in Path(str(plan.candidates)).iterdir():
        write_file(stored.candidates / file.name, file.read_bytes())
    names = [file.name for file in Path(str(plan.candidates)).iterdir()]
    write_file(stored.candidates / "files.json", json.dumps(names).encode())
    return stored


@needs_horovod
@pytest.mark.slow
def test_two_ranks_learn_the_same_from_s3(folder: Url, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    settings = {"epochs": 3, "batch_blocks": 16, "ranks": 2, "launcher": "horovodrun", "checkpoint_steps": 5}
    plan = make_plan(tmp_path / "plan", random_histories(150, 60, 20), 10, files=3, held_out=True, **settings)
    stored = _stored(plan, folder)
    here, there = launch(plan), launch(stored)
    assert (there.loss, there.ndcg, there.steps) == (here.loss, here.ndcg, here.steps)
    weights = [
        read_bundle(each.bundle, result.manifest_sha256).weights for each, result in ((plan, here), (stored, there))
    ]
    for name in weights[0]:
        np.testing.assert_array_equal(weights[1][name], weights[0][name])
    check_bundle(stored.bundle, there.manifest_sha256)
    assert is_there(stored.bundle / CURVE)
    assert files_below(stored.work) == []
    assert list(scratch.iterdir()) == []


def test_copies_last_as_long_as_they_are_read(folder: Url, tmp_path: Path) -> None:
    urls = [f"{folder}/part-{number}.parquet" for number in range(9)]
    for url in urls:
        write_file(Url(url), url.encode())
    with on_this_machine([*urls, str(tmp_path / "own")]) as paths:
        assert [Path(path).read_bytes().decode() for path in paths[:-1]] == urls
        assert paths[-1] == str(tmp_path / "own")
    assert not any(Path(path).exists() for path in paths)


def test_failures_heartbeats_and_stops_are_seen_by_the_others(folder: Url) -> None:
    assert find_failure(folder) is None
    note_failure(folder, 1, BusyError("a rank died"))
    note_failure(folder, 0, ConfigError("this is why"))
    failure = find_failure(folder)
    assert isinstance(failure, ConfigError) and str(failure) == "this is why"
    touch(folder / "alive-0")
    assert times_in(folder, ["alive-0", "alive-1"]).keys() == {"alive-0"}
    watchdog = Watchdog(folder, 0, 2, 300, 300)
    assert watchdog._silent() == [1]
    touch(folder / "alive-1")
    assert watchdog._silent() == []
    request = StopRequest(folder)
    request._pause = 0.0
    assert not request()
    touch(folder / "stop")
    assert request()
    assert seconds_between_looks(folder) > seconds_between_looks(Path())  # looks are requests


def test_the_newest_whole_checkpoint_comes_back_and_old_ones_go(folder: Url) -> None:
    arrays = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3)}
    for steps in (5, 10, 15):
        state = RunState()
        state.steps = steps
        write_checkpoint(folder / ".checkpoints", Checkpoint(state, arrays, None, "a line\n"))
    assert folders_in(folder / ".checkpoints") == ["step-000000000010", "step-000000000015"]
    shapes = {name: array.shape for name, array in arrays.items()}
    found = read_newest_checkpoint(folder / ".checkpoints", shapes)
    assert found is not None and found.state.steps == 15 and found.curve == "a line\n"
    np.testing.assert_array_equal(found.arrays["weights"], arrays["weights"])
    store, path = store_of(f"{folder}/.checkpoints/step-000000000015/arrays.npz")
    store.write(path, store.read(path)[:-10])
    found = read_newest_checkpoint(folder / ".checkpoints", shapes)
    assert found is not None and found.state.steps == 10
