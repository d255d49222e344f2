"""Where jobs are submitted to: `conf/cluster/*.yaml`, one of several kinds of clusters."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from interest_spark.config.file import read_document, validated
from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.names import nearest
from interest_spark.config.section import Count, Section, Whole
from interest_spark.config.spark import Memory
from interest_spark.foundation.credentials import is_secret
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.shown import shown


def _without_secrets(conf: dict[str, str]) -> dict[str, str]:
    for key in conf:
        if is_secret(key):
            raise ValueError(
                f"{key} may be a secret, and spark-submit would show it to every user; see README, Security"
            )
    return conf


class ExecutorConfig(Section):
    """What Spark asks the cluster for."""

    count: Count = 2
    most: Count | None = None  # with dynamic allocation, from `count` to that many
    cores: Count = 1
    memory: Memory = "2g"
    overhead: Memory = "2g"  # beside the heap: Python, and TensorFlow where ranks run
    gpus: Whole = 0  # of each executor; a task, and so a rank, gets one

    @model_validator(mode="after")
    def _numbers_agree(self) -> "ExecutorConfig":
        if self.most is not None and self.most < self.count:
            raise ValueError(f"most is {self.most}, fewer than count, which is {self.count}; raise most")
        if self.gpus and self.gpus != self.cores:
            raise ValueError(
                f"gpus is {self.gpus} and cores is {self.cores}; a task takes one of each: make them equal"
            )
        return self


class _Cluster(Section):
    code: Path = Path("dist")  # what `make dist` has built
    driver_memory: Memory = "2g"
    executors: ExecutorConfig = ExecutorConfig()
    gpu_discovery: str | None = None  # a script on the nodes, by its path, that prints their GPUs as Spark wants it
    conf: Annotated[dict[str, str], AfterValidator(_without_secrets)] = Field(default={})

    @model_validator(mode="after")
    def _gpus_are_found(self) -> "_Cluster":
        if self.executors.gpus and self.gpu_discovery is None:
            raise ValueError("executors.gpus needs gpu_discovery, the path of the script that names a node's GPUs")
        return self


class StandaloneCluster(_Cluster):
    """Spark's own master and workers; Spark runs Python drivers of such a cluster in client mode only."""

    kind: Literal["standalone"] = "standalone"
    master: str = Field(pattern=r"^spark://.+")
    deploy_mode: Literal["client"] = "client"
    environment: Path | None = Path("dist/env.tar.gz")  # what `make dist-env` has packed
    python: str = "./env/bin/python"  # of executors


class YarnCluster(_Cluster):
    """YARN, where HADOOP_CONF_DIR says."""

    kind: Literal["yarn"] = "yarn"
    deploy_mode: Literal["client", "cluster"] = "cluster"
    queue: str = "default"
    environment: Path | None = Path("dist/env.tar.gz")
    python: str = "./env/bin/python"  # of executors, and of the driver in cluster mode

    @property
    def master(self) -> str:
        """As Spark calls it."""
        return "yarn"


class KubernetesCluster(_Cluster):
    """Kubernetes; the image brings Spark, Python and the libraries."""

    kind: Literal["kubernetes"] = "kubernetes"
    master: str = Field(pattern=r"^k8s://.+")
    deploy_mode: Literal["cluster"] = "cluster"
    namespace: str = "default"
    service_account: str = "spark"
    image: str
    upload: str = Field(
        pattern=r"^[a-z0-9]+://.+"
    )  # a folder in a store, where spark-submit leaves code for the driver
    python: str = "python3"
    gpu_vendor: str = "nvidia.com"


ClusterConfig = StandaloneCluster | YarnCluster | KubernetesCluster


def load_cluster(path: Path | str) -> ClusterConfig:
    """Read the description of a cluster. Raises ConfigError naming the file, the key and the nearest known key."""
    kinds: dict[str, Any] = sections_by_kind(ClusterConfig)
    document = read_document(path, "start from conf/cluster/yarn.yaml", "--cluster")
    kind = str(document.get("kind"))
    if kind not in kinds:
        guess = nearest(kind, kinds)
        hint = f"did you mean {guess!r}? " if guess else ""
        raise ConfigError(f"configuration {path}: unknown kind '{shown(kind)}'; {hint}known kinds: {', '.join(kinds)}")
    cluster: ClusterConfig = validated(kinds[kind], document, path)
    return cluster
