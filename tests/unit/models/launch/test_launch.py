"""All launchers run the same loop: one curve, one set of weights, and errors that reach the caller."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from interest_spark.foundation.errors import BadDataError, BusyError, ConfigError
from interest_spark.models.inference import load_encoder
from interest_spark.models.launch import launch as launch_module
from interest_spark.models.launch.launch import launch, rank_environment
from interest_spark.models.training.plan import CURVE, TrainPlan
from interest_spark.storage.bundles import read_bundle
from tests.small_disk import fill, small_disk
from tests.unit.models.worlds import make_plan, random_histories

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HISTORIES = random_histories(150, 60, 20)
needs_horovod = pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed")


def plan_of(folder: Path, **train: Any) -> TrainPlan:
    settings = {"epochs": 50, "max_steps": 50, "batch_blocks": 16, "stall_seconds": 300, **train}
    return make_plan(folder, HISTORIES, 10, files=3, **settings)


def curve(plan: TrainPlan) -> list[float]:
    return [json.loads(line)["loss"] for line in (plan.bundle / CURVE).read_text().splitlines()]


def rank_losses(plan: TrainPlan) -> list[list[float]]:
    return [json.loads(line).get("rank_losses", []) for line in (plan.bundle / CURVE).read_text().splitlines()]


@needs_horovod
@pytest.mark.slow
def test_two_ranks_give_the_weights_and_the_curve_of_one_rank_with_the_whole_batch(
    tmp_path: Path, spark: "SparkSession"
) -> None:
    one = plan_of(tmp_path / "one", launcher="local")
    two = plan_of(tmp_path / "two", launcher="horovodrun", ranks=2)
    on_spark = plan_of(tmp_path / "spark", launcher="spark", ranks=2)
    results = [launch(plan, spark) for plan in (one, two, on_spark)]
    assert [result.steps for result in results] == [50] * 3
    assert len({result.targets for result in results}) == 1

    np.testing.assert_allclose(curve(two), curve(one), atol=1e-5)
    assert curve(on_spark) == curve(two)
    assert [len(losses) for losses in rank_losses(one)] == [0] * 50
    told = [len(losses) for losses in rank_losses(two)]
    assert set(told) == {0, 2}
    assert told[-1] == 2  # an epoch's last step
    weights = [read_bundle(plan.bundle).weights for plan in (one, two, on_spark)]
    for name in weights[0]:
        np.testing.assert_allclose(weights[1][name], weights[0][name], atol=1e-5)
        np.testing.assert_array_equal(weights[2][name], weights[1][name])


@needs_horovod
@pytest.mark.slow
@pytest.mark.parametrize(("items", "way"), [(60, "as a table"), (3000, "as rows")])
def test_two_ranks_that_exchange_rows_give_the_weights_of_one(tmp_path: Path, items: int, way: str) -> None:
    """The few items are all in every batch; of the many a batch holds a tenth."""
    histories = random_histories(150, items, 20)
    loss, optimizer = {"kind": "sampled", "sampler": {"negatives": 40}}, {"row_wise_from": 1}
    settings = {"max_steps": 30, "epochs": 50, "batch_blocks": 16, "loss": loss, "optimizer": optimizer}
    one = make_plan(tmp_path / "one", histories, 10, files=3, launcher="local", **settings)
    two = make_plan(tmp_path / "two", histories, 10, files=3, launcher="horovodrun", ranks=2, **settings)
    alone, together = launch(one), launch(two)
    np.testing.assert_allclose(curve(two), curve(one), atol=1e-5)
    weights = [read_bundle(plan.bundle).weights for plan in (one, two)]
    for name in weights[0]:
        np.testing.assert_allclose(weights[1][name], weights[0][name], atol=1e-5)
    table = 4 * weights[0]["items"].size
    assert alone.wire_bytes_per_step == 0
    assert (together.wire_bytes_per_step > table) == (way == "as a table")


@pytest.mark.slow
def test_one_rank_needs_no_horovod_and_leaves_a_whole_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module.importlib.util, "find_spec", lambda name: None)
    plan = plan_of(tmp_path, launcher="spark", max_steps=2)
    result = launch(plan)
    assert load_encoder(plan.bundle, result.manifest_sha256).model_version == "tested"
    assert sorted(path.name for path in plan.bundle.iterdir()) == [
        "config.json",
        "curve.jsonl",
        "items.parquet",
        "manifest.json",
        "training.json",
        "weights.npz",
    ]
    assert not plan.work.exists()


def test_several_ranks_without_horovod_are_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"Horovod is not installed; install g\+\+ .*--set train.ranks=1"):
        launch(plan_of(tmp_path, launcher="horovodrun", ranks=2))


@needs_horovod
def test_more_ranks_than_task_slots_are_refused_at_once(tmp_path: Path, spark: "SparkSession") -> None:
    with pytest.raises(ConfigError, match=r"train.ranks is 4, but local\[2\] runs 2 tasks at once"):
        launch(plan_of(tmp_path, launcher="spark", ranks=4), spark)


@needs_horovod
@pytest.mark.parametrize(
    ("master", "launcher", "function"),
    [
        ("local[2]", "horovodrun", "local_launcher.run_together"),
        ("spark://10.0.0.1:7077", "spark", "spark_launcher.run_on_spark"),
        ("yarn", "spark", "spark_launcher.run_on_spark"),
    ],
)
def test_ranks_run_where_the_spark_application_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, master: str, launcher: str, function: str
) -> None:
    class StartedError(Exception):
        pass

    def start(plan: TrainPlan, *_: object) -> None:
        raise StartedError(plan.train.launcher)

    monkeypatch.setattr(f"interest_spark.models.launch.{function}", start)
    session: Any = SimpleNamespace(sparkContext=SimpleNamespace(master=master))
    with pytest.raises(StartedError, match=launcher):
        launch(plan_of(tmp_path, launcher="auto", ranks=2), session)


@pytest.mark.slow
def test_a_bug_in_a_rank_keeps_its_traceback(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    (plan.candidates / "part-0.parquet").write_bytes(b"no parquet")
    with pytest.raises(RuntimeError, match=r"(?s)Traceback .*read_candidates"):
        launch(plan)


@needs_horovod
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the failed Spark job's thread
def test_an_error_of_ranks_on_spark_reaches_the_caller(tmp_path: Path, spark: "SparkSession") -> None:
    plan = plan_of(tmp_path, launcher="spark", ranks=2, optimizer={"learning_rate": 1e30})
    with pytest.raises(BadDataError, match=r"step \d+: .* not a number; its blocks are \d+"):
        launch(plan, spark)
    assert not plan.bundle.exists()


def test_a_rank_that_never_starts_is_busy(tmp_path: Path) -> None:
    with pytest.raises(BusyError, match="no step was finished in 1 s after step 0"):
        launch(plan_of(tmp_path, start_seconds=1))


@pytest.mark.parametrize(("device", "chosen", "cycle_ms"), [("cpu", None, "10"), ("gpu", None, "1"), ("gpu", "3", "3")])
def test_ranks_that_share_processors_with_their_own_computing_confer_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, chosen: str | None, cycle_ms: str
) -> None:
    monkeypatch.delenv("HOROVOD_CYCLE_TIME", raising=False)
    if chosen is not None:
        monkeypatch.setenv("HOROVOD_CYCLE_TIME", chosen)
    assert rank_environment(plan_of(tmp_path, device=device))["HOROVOD_CYCLE_TIME"] == cycle_ms


def test_a_full_disk_in_a_rank_is_temporary(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, max_steps=1)
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        fill(disk)
        with pytest.raises(BusyError, match="No space left on device; nothing unfinished was published"):
            launch(plan.model_copy(update={"bundle": disk / "bundle"}))
