"""The command line that submits a job to a cluster."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyspark

from interest_spark.config.cluster import ClusterConfig, KubernetesCluster, StandaloneCluster, YarnCluster
from interest_spark.foundation.errors import ConfigError


@dataclass(frozen=True)
class Job:
    """A job to submit: its name, its deployment's file, and the arguments that it is given."""

    name: str
    config: Path
    arguments: Sequence[str]


def spark_submit(cluster: ClusterConfig, job: Job, driver_environment: Mapping[str, str]) -> list[str]:
    """The command; in cluster mode the driver gets those variables. Raises ConfigError where code is not built."""
    script, archive = _built(cluster.code, job.name)
    command = [_program(), "--master", cluster.master, "--deploy-mode", cluster.deploy_mode]
    command += ["--name", f"interest {job.name}", "--py-files", str(archive)]
    arguments = list(job.arguments)
    if cluster.deploy_mode == "cluster":
        command += ["--files", str(job.config.absolute())]
        arguments += ["--config", job.config.name]  # the last one holds: in the driver's folder, where Spark lays it
    if not isinstance(cluster, KubernetesCluster) and cluster.environment:
        command += ["--archives", f"{_existing(cluster.environment, 'make dist-env')}#env"]
    settings = {**dict(_resources(cluster)), **dict(_of_kind(cluster, driver_environment)), **cluster.conf}
    command += [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    return [*command, str(script), *arguments]


def _program() -> str:
    home = os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent
    return str(Path(home) / "bin" / "spark-submit")


def _built(code: Path, job: str) -> tuple[Path, Path]:
    archives = sorted(code.glob("interest_spark-*.zip"))
    if not archives:
        raise ConfigError(f"{code} holds no interest_spark-*.zip; run `make dist`, or correct `code` of the cluster")
    return _existing(code / "jobs" / f"{job}.py", "make dist"), archives[-1]


def _existing(file: Path, build: str) -> Path:
    if not file.is_file():
        raise ConfigError(f"{file} is missing; run `{build}`")
    return file


def _resources(cluster: ClusterConfig) -> Iterator[tuple[str, str]]:
    wanted = cluster.executors
    yield "spark.driver.memory", cluster.driver_memory
    yield "spark.executor.cores", str(wanted.cores)
    yield "spark.executor.memory", wanted.memory
    yield "spark.executor.memoryOverhead", wanted.overhead
    if wanted.most is None:
        yield "spark.dynamicAllocation.enabled", "false"
        yield from _fixed_number(cluster)
    else:
        yield "spark.dynamicAllocation.enabled", "true"
        yield "spark.dynamicAllocation.shuffleTracking.enabled", "true"  # needs no shuffle service on the nodes
        yield "spark.dynamicAllocation.minExecutors", str(wanted.count)
        yield "spark.dynamicAllocation.maxExecutors", str(wanted.most)
    if wanted.gpus:
        yield "spark.executor.resource.gpu.amount", str(wanted.gpus)
        yield "spark.executor.resource.gpu.discoveryScript", str(cluster.gpu_discovery)
        yield "spark.task.resource.gpu.amount", "1"


def _fixed_number(cluster: ClusterConfig) -> Iterator[tuple[str, str]]:
    if isinstance(cluster, StandaloneCluster):  # it knows of cores alone
        yield "spark.cores.max", str(cluster.executors.count * cluster.executors.cores)
    else:
        yield "spark.executor.instances", str(cluster.executors.count)


def _of_kind(cluster: ClusterConfig, driver_environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "spark.pyspark.python", cluster.python
    if cluster.deploy_mode == "client":
        yield "spark.pyspark.driver.python", sys.executable
    if isinstance(cluster, YarnCluster):
        yield "spark.yarn.queue", cluster.queue
        # A job that has failed says by its exit code whether another attempt can help.
        yield "spark.yarn.maxAppAttempts", "1"
        # A store that is away is found before Spark starts, and found away for good after minutes.
        yield "spark.yarn.am.waitTime", "900s"
        yield from _variables("spark.yarn.appMasterEnv.", driver_environment)
    if isinstance(cluster, KubernetesCluster):
        yield "spark.kubernetes.namespace", cluster.namespace
        yield "spark.kubernetes.container.image", cluster.image
        yield "spark.kubernetes.authenticate.driver.serviceAccountName", cluster.service_account
        yield "spark.kubernetes.file.upload.path", cluster.upload
        yield from _variables("spark.kubernetes.driverEnv.", driver_environment)
        if cluster.executors.gpus:
            yield "spark.executor.resource.gpu.vendor", cluster.gpu_vendor


def _variables(prefix: str, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in variables.items():
        yield f"{prefix}{name}", value
