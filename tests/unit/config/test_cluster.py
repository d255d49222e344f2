"""The descriptions of clusters: those that come with the product are valid, and a mistake is named with its remedy."""

from pathlib import Path

import pytest
import yaml

from interest_spark.config.cluster import KubernetesCluster, StandaloneCluster, YarnCluster, load_cluster
from interest_spark.foundation.errors import ConfigError
from tests.readme import ROOT

KINDS = {"standalone": StandaloneCluster, "yarn": YarnCluster, "kubernetes": KubernetesCluster}


def _changed(folder: Path, which: str, **keys: object) -> Path:
    document = yaml.safe_load((ROOT / "conf" / "cluster" / f"{which}.yaml").read_text(encoding="utf-8"))
    (folder / "cluster.yaml").write_text(yaml.safe_dump({**document, **keys}), encoding="utf-8")
    return folder / "cluster.yaml"


def test_every_kind_has_its_file_and_the_file_names_every_key() -> None:
    files = {file.stem: file for file in (ROOT / "conf" / "cluster").glob("*.yaml")}
    assert files.keys() == KINDS.keys()
    for kind, file in files.items():
        cluster = load_cluster(file)
        assert isinstance(cluster, KINDS[kind])
        named = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert set(named) | {"deploy_mode"} == set(KINDS[kind].model_fields) | {"deploy_mode"}
        assert set(named["executors"]) == set(type(cluster.executors).model_fields)


@pytest.mark.parametrize(
    ("kind", "keys", "told"),
    [
        ("yarn", {"que": "x"}, "unknown key 'que'; did you mean 'queue'?"),
        ("yarn", {"kind": "yarm"}, "unknown kind 'yarm'; did you mean 'yarn'?"),
        ("yarn", {"executors": {"count": 0}}, "executors.count"),
        ("yarn", {"executors": {"count": 4, "most": 2}}, "raise most"),
        ("yarn", {"executors": {"memory": "2"}}, "512m, 2g"),
        ("yarn", {"executors": {"gpus": 1}}, "gpu_discovery"),
        ("yarn", {"executors": {"gpus": 2, "cores": 1}, "gpu_discovery": "/x.sh"}, "make them equal"),
        ("standalone", {"deploy_mode": "cluster"}, "deploy_mode"),
        ("standalone", {"master": "yarn"}, "master"),
        ("kubernetes", {"master": "https://x"}, "master"),
        ("kubernetes", {"upload": "/tmp"}, "upload"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, kind: str, keys: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match="cluster") as refused:
        load_cluster(_changed(tmp_path, kind, **keys))
    assert told in str(refused.value)


def test_a_secret_would_stand_in_the_command_line(tmp_path: Path) -> None:
    file = _changed(tmp_path, "yarn", conf={"spark.yarn.appMasterEnv.AWS_SECRET_ACCESS_KEY": "PlantedS3cret"})
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY") as refused:
        load_cluster(file)
    assert "PlantedS3cret" not in str(refused.value)


def test_a_file_that_is_missing_or_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("", encoding="utf-8")
    for name in ("empty", "missing"):
        with pytest.raises(ConfigError, match=f"{name}.yaml"):
            load_cluster(tmp_path / f"{name}.yaml")
