"""The command lines that submit a job, one for each kind of cluster."""

import sys
from pathlib import Path

import pytest

from interest_spark.config.cluster import ClusterConfig, load_cluster
from interest_spark.foundation.errors import ConfigError
from interest_spark.platform.spark_submit import Job, spark_submit
from tests.readme import ROOT


def _cluster(dist: Path, kind: str, **changes: object) -> ClusterConfig:
    cluster = load_cluster(ROOT / "conf" / "cluster" / f"{kind}.yaml")
    keys = {"code": dist} | ({} if kind == "kubernetes" else {"environment": dist / "env.tar.gz"})
    return type(cluster).model_validate({**cluster.model_dump(), **keys, **changes})


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "jobs").mkdir()
    for name in ("interest_spark-1.0.zip", "env.tar.gz", "jobs/daily.py"):
        (tmp_path / name).touch()
    return tmp_path


def _settings(command: list[str]) -> dict[str, str]:
    pairs = [command[place + 1] for place, each in enumerate(command) if each == "--conf"]
    return dict(pair.split("=", 1) for pair in pairs)


JOB = Job("daily", Path("conf/shop.yaml"), ["--config", "conf/shop.yaml", "--day", "2026-01-30"])


def test_standalone(dist: Path) -> None:
    command = spark_submit(_cluster(dist, "standalone"), JOB, {})
    assert command[1:5] == ["--master", "spark://spark-master:7077", "--deploy-mode", "client"]
    assert command[command.index("--archives") + 1] == f"{dist}/env.tar.gz#env"
    assert command[-5:] == [str(dist / "jobs" / "daily.py"), *JOB.arguments]
    settings = _settings(command)
    assert settings["spark.cores.max"] == "2"
    assert settings["spark.pyspark.driver.python"] == sys.executable
    assert settings["spark.pyspark.python"] == "./env/bin/python"


def test_yarn_in_cluster_mode_ships_the_configuration_and_tries_once(dist: Path) -> None:
    command = spark_submit(_cluster(dist, "yarn"), JOB, {"INTEREST_SUBMITTED": "/shared/w"})
    assert command[1:5] == ["--master", "yarn", "--deploy-mode", "cluster"]
    assert command[command.index("--files") + 1] == str(Path("conf/shop.yaml").absolute())
    assert command[-2:] == ["--config", "shop.yaml"]
    settings = _settings(command)
    assert settings["spark.yarn.maxAppAttempts"] == "1"
    assert settings["spark.yarn.appMasterEnv.INTEREST_SUBMITTED"] == "/shared/w"
    assert settings["spark.executor.instances"] == "2"
    assert "spark.pyspark.driver.python" not in settings


def test_yarn_in_client_mode_has_its_driver_here(dist: Path) -> None:
    command = spark_submit(_cluster(dist, "yarn", deploy_mode="client"), JOB, {})
    assert "--files" not in command
    assert _settings(command)["spark.pyspark.driver.python"] == sys.executable


def test_kubernetes(dist: Path) -> None:
    command = spark_submit(_cluster(dist, "kubernetes"), JOB, {"INTEREST_SUBMITTED": "s3://w"})
    assert command[2] == "k8s://https://kubernetes.example:6443"
    assert "--archives" not in command
    settings = _settings(command)
    assert settings["spark.kubernetes.container.image"] == "registry.example/interest-spark:3.5.9"
    assert settings["spark.kubernetes.namespace"] == "interest"
    assert settings["spark.kubernetes.file.upload.path"] == "s3a://interest/submitted"
    assert settings["spark.kubernetes.driverEnv.INTEREST_SUBMITTED"] == "s3://w"


@pytest.mark.parametrize("kind", ["standalone", "yarn", "kubernetes"])
def test_gpus_are_asked_for_by_sparks_resource_scheduling(dist: Path, kind: str) -> None:
    wanted = {"executors": {"gpus": 4, "cores": 4}, "gpu_discovery": "/opt/gpus.sh"}
    settings = _settings(spark_submit(_cluster(dist, kind, **wanted), JOB, {}))
    assert settings["spark.executor.resource.gpu.amount"] == "4"
    assert settings["spark.executor.resource.gpu.discoveryScript"] == "/opt/gpus.sh"
    assert settings["spark.task.resource.gpu.amount"] == "1"
    assert settings.get("spark.executor.resource.gpu.vendor") == ("nvidia.com" if kind == "kubernetes" else None)


def test_dynamic_allocation_keeps_enough_for_the_ranks(dist: Path) -> None:
    settings = _settings(spark_submit(_cluster(dist, "yarn", executors={"count": 2, "most": 9}), JOB, {}))
    assert settings["spark.dynamicAllocation.enabled"] == "true"
    assert settings["spark.dynamicAllocation.minExecutors"] == "2"
    assert settings["spark.dynamicAllocation.maxExecutors"] == "9"
    assert "spark.executor.instances" not in settings


def test_further_settings_come_last(dist: Path) -> None:
    settings = _settings(spark_submit(_cluster(dist, "yarn", conf={"spark.yarn.queue": "night"}), JOB, {}))
    assert settings["spark.yarn.queue"] == "night"


@pytest.mark.parametrize("missing", ["interest_spark-1.0.zip", "env.tar.gz", "jobs/daily.py"])
def test_what_is_not_built_is_named_with_its_target(dist: Path, missing: str) -> None:
    (dist / missing).unlink()
    with pytest.raises(ConfigError, match="run `make dist"):
        spark_submit(_cluster(dist, "yarn"), JOB, {})
