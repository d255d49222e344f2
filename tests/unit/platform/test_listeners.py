"""What the doctor says of listening sockets follows from the settings; what really listens is in integration."""

from typing import Any

import pytest

from interest_spark.config.deployment import Config
from interest_spark.platform.listeners import find_listeners
from interest_spark.platform.masters import is_on_this_machine, network_defaults


def listeners(**sections: Any) -> dict[str, tuple[str, str, str]]:
    config = Config.model_validate({"warehouse": "/w", "sources": {"events": {"path": "*.jsonl"}}, **sections})
    return {each.who: (each.address, each.port, each.access) for each in find_listeners(config)}


@pytest.fixture(autouse=True)
def _no_address_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_LOCAL_IP", raising=False)


@pytest.mark.parametrize(
    "master", ["local", "local[2]", "local[*]", "spark://127.0.0.1:7077", "spark://localhost:7077"]
)
@pytest.mark.parametrize("launcher", ["auto", "horovodrun", "spark"])
def test_one_machine_listens_on_loopback_alone(master: str, launcher: str) -> None:
    found = listeners(spark={"master": master}, train={"ranks": 2, "launcher": launcher})
    executors = found.pop("Spark's executors", None)
    assert (executors is None) == master.startswith("local")
    assert {address for address, _, _ in found.values()} == {"127.0.0.1"}
    assert "Spark's UI" not in found
    assert {"the ranks' rendezvous", "Horovod's ranks"} <= found.keys()


def test_a_cluster_is_told_its_addresses_ports_and_who_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    conf = {"spark.driver.host": "10.0.0.5", "spark.driver.port": "7001", "spark.blockManager.port": "7002"}
    found = listeners(spark={"master": "yarn", "conf": conf}, train={"ranks": 2})
    assert found["Spark's driver"] == ("10.0.0.5", "7001", "for whoever reaches it")
    assert found["blocks of Spark's driver"] == ("10.0.0.5", "7002", "for whoever reaches it")
    assert found["Spark's executors"] == ("the address of each worker", "7002", "for whoever reaches it")
    assert found["Spark's UI"] == ("every address", "4040", "for whoever reaches it")
    assert found["the ranks' rendezvous"][0] == "10.0.0.5"
    assert "secret" in found["the ranks' rendezvous"][2]
    assert "whoever comes first" in found["Horovod's ranks"][2]
    monkeypatch.setenv("SPARK_LOCAL_IP", "10.0.0.6")
    assert listeners(spark={"master": "yarn", "conf": conf})["Spark's UI"][0] == "10.0.0.6"


def test_settings_change_what_is_said() -> None:
    conf = {"spark.authenticate": "true", "spark.ui.enabled": "false", "spark.driver.bindAddress": "10.0.0.7"}
    found = listeners(spark={"master": "spark://10.0.0.1:7077", "conf": conf}, train={"ranks": 2})
    assert found["Spark's driver"][2] == "with Spark's shared secret"
    assert found["the ranks' rendezvous"][0] == "10.0.0.7"
    assert "Spark's UI" not in found
    one_rank = listeners(spark={"master": "spark://10.0.0.1:7077", "conf": conf})
    assert not {"the ranks' rendezvous", "Horovod's ranks"} & one_rank.keys()
    here = listeners(spark={"master": "yarn", "conf": conf}, train={"ranks": 2, "launcher": "horovodrun"})
    assert here["the ranks' rendezvous"][0] == here["Horovod's ranks"][0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("master", "here"),
    [
        ("local", True),
        ("local[4]", True),
        ("local-cluster[2,1,1024]", True),
        ("spark://127.0.0.1:7077", True),
        ("spark://localhost:7077", True),
        ("spark://localhost", True),
        ("spark://[::1]:7077", True),
        ("spark://127.0.0.1:7077,127.0.0.1:7078", True),
        ("spark://127.0.0.1:7077,10.0.0.2:7077", False),
        ("spark://10.0.0.1:7077", False),
        ("spark://127.0.0.1.example.com:7077", False),
        ("yarn", False),
        ("k8s://https://127.0.0.1:6443", False),
        ("spark://[::1", False),
    ],
)
def test_a_master_is_here_or_elsewhere(master: str, here: bool) -> None:
    assert is_on_this_machine(master) is here
    assert bool(network_defaults(master)) is here
