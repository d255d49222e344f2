"""Training runs as MLflow shows them, where a deployment names a folder for that: settings, figures, the bundle's path.

MLflow is an extra (conf/requirements-mlflow.lock) and keeps plain files here; no server is asked.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.folders import ensure_writable
from interest_spark.foundation.log import get_logger
from interest_spark.foundation.shown import shown_error

_KEY = "operations.mlflow_folder"
_MOST_LETTERS = 6_000  # of a parameter's value: MLflow refuses longer ones


@dataclass(frozen=True)
class TrainingRun:
    """One training: the name and version of its model, its last day, where the bundle lies, the settings that it
    followed by their keys, and its figures.
    """

    model: str
    version: str
    day: str
    bundle: str
    settings: Mapping[str, Any]
    figures: Mapping[str, Any]


def check_experiments(folder: Path | None) -> None:
    """Raise ConfigError where runs are to be recorded and cannot be: before hours of training, not after them."""
    if folder is None:
        return
    if find_spec("mlflow") is None:
        raise ConfigError(
            f"{_KEY} is {str(folder)!r}, and MLflow is not installed; run `pip install --no-deps -r "
            "conf/requirements-mlflow.lock`, or leave the key out"
        )
    ensure_writable(folder, _KEY, "set it to a folder that you may write, or leave it out")


def record_training(folder: Path | None, run: TrainingRun) -> None:
    """Record a run as one of the experiment that has the model's name; none twice. A failure is told, and no more."""
    if folder is None:
        return
    # Its files are what is wanted, though MLflow itself recommends a database by now; and nobody is told of it.
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from mlflow.entities import Metric, Param
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    try:
        client = MlflowClient(tracking_uri=folder.absolute().as_uri())
        experiment = client.get_experiment_by_name(run.model)
        place = client.create_experiment(run.model) if experiment is None else experiment.experiment_id
        if client.search_runs([place], f"tags.model_version = '{run.version}'"):
            return
        tags = {"model_version": run.version, "bundle": run.bundle, "day": run.day}
        made = client.create_run(place, run_name=run.version, tags=tags)
        params = [Param(key, str(value)[:_MOST_LETTERS]) for key, value in run.settings.items()]
        numbers = {name: value for name, value in run.figures.items() if isinstance(value, int | float)}
        metrics = [Metric(name, float(value), made.info.start_time, 0) for name, value in numbers.items()]
        client.log_batch(made.info.run_id, metrics=metrics, params=params)
        client.set_terminated(made.info.run_id)
    except (MlflowException, OSError) as error:
        get_logger().warning("the run is not recorded in MLflow", folder=str(folder), reason=shown_error(error))
