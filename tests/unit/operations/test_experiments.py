"""Training runs in MLflow's own files, read back by MLflow itself."""

from pathlib import Path

import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.operations import experiments
from interest_spark.operations.experiments import TrainingRun, check_experiments, record_training

RUN = TrainingRun(
    model="sasrec",
    version="2026-01-05-sasrec-0123456789ab",
    day="2026-01-05",
    bundle="/shop/bundles/2026-01-05-sasrec-0123456789ab",
    settings={"train.epochs": 3, "train.network.inputs": ["hour"], "train.name": None},
    figures={"loss": 1.25, "ndcg": None, "parameters": 4_000},
)


def test_nothing_is_asked_for_by_default(tmp_path: Path) -> None:
    check_experiments(None)
    record_training(None, RUN)


def test_without_mlflow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"operations\.mlflow_folder .*pip install .*requirements-mlflow\.lock"):
        check_experiments(tmp_path)


def test_a_run_has_settings_figures_and_the_bundles_path_and_is_recorded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="MLflow, which is an extra, is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow.tracking import MlflowClient

    folder = tmp_path / "mlflow"
    check_experiments(folder)
    for _ in range(2):
        record_training(folder, RUN)
    client = MlflowClient(tracking_uri=folder.as_uri())
    experiment = client.get_experiment_by_name("sasrec")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == RUN.version and run.info.status == "FINISHED"
    assert run.data.params == {"train.epochs": "3", "train.network.inputs": "['hour']", "train.name": "None"}
    assert run.data.metrics == {"loss": 1.25, "parameters": 4_000.0}
    assert run.data.tags["bundle"] == RUN.bundle and run.data.tags["day"] == RUN.day


def test_what_cannot_be_recorded_is_told_and_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mlflow", reason="MLflow, which is an extra, is not installed")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    record_training(tmp_path / "file", RUN)
    said = capsys.readouterr()
    assert "not recorded in MLflow" in said.out + said.err
