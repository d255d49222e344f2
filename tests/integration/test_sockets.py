"""What a run on one machine listens on, is on the loopback interface: nobody outside reaches any of its ports."""

from datetime import date
from ipaddress import ip_address
from pathlib import Path
from socket import AF_INET
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from interest_spark.models.launch.launch import launch
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.warehouse import Warehouse
from tests.listeners import Listening, listeners_noted
from tests.log_files import deliver, event, shop_config
from tests.runs import run_job
from tests.standalone_cluster import standalone_cluster
from tests.unit.models.worlds import make_plan, random_histories

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("horovod", reason="Horovod is not installed")
pytestmark = pytest.mark.slow

DAY = "2026-01-02"
ROOT = Path(__file__).parents[2]
TRAINS = """
import os, sys, threading, time
from pathlib import Path
from interest_spark.config.spark import SparkConfig
from interest_spark.models.launch.launch import launch
from interest_spark.platform.session import start_session
from tests.listeners import listening_sockets, owners_of
from tests.unit.models.worlds import make_plan, random_histories
spark = start_session(SparkConfig(), "ranks")
settings = dict(launcher="spark", ranks=2, max_steps=60, epochs=60)
plan = make_plan(Path(sys.argv[1]), random_histories(60, 40, 15), 10, **settings)
def look():
    while not (plan.curve.exists() and plan.curve.stat().st_size):
        time.sleep(0.1)
    mine = owners_of(os.getpid())
    print("open while training:", {address for inode, (address, _) in listening_sockets().items() if inode in mine})
looker = threading.Thread(target=look)
looker.start()
print("steps", launch(plan, spark).steps)
looker.join()
"""
NETWORK = {"dim": 8, "feed_forward": 8}


def exposed(found: set[Listening]) -> list[Listening]:
    return [each for each in found if not each.on_loopback]


def test_ingest_training_with_two_ranks_and_scoring_listen_on_loopback_only(
    spark: "SparkSession", tmp_path: Path
) -> None:
    training = {"epochs": 1, "batch_blocks": 2, "ranks": 2, "network": NETWORK}
    config = shop_config(
        tmp_path, blocks={"tokens": 8}, train=training, score={"k": 1, "exclude_seen": False}, evaluate={"k": 1}
    )
    users = [event(user_id=f"u{user}", item_id=item) for user in range(6) for item in "abc"]
    deliver(tmp_path, DAY, [{**each, "event_time": f"{DAY}T{n % 24:02}:00:00Z"} for n, each in enumerate(users)])
    with listeners_noted() as found:
        for job in ("ingest", "sequences", "train", "score"):
            run_job(job, RunContext(config, date.fromisoformat(DAY)))
    assert Warehouse(config.warehouse).read_small("recommendations", day=DAY).num_rows == 6
    assert {each.process for each in found}  # Spark's and the rendezvous
    assert exposed(found) == []


@pytest.mark.parametrize(("launcher", "ranks"), [("local", 1), ("horovodrun", 2), ("spark", 2)])
def test_ranks_of_every_launcher_listen_on_loopback_only(
    spark: "SparkSession", tmp_path: Path, launcher: str, ranks: int
) -> None:
    settings: dict[str, Any] = {"launcher": launcher, "ranks": ranks, "epochs": 20, "max_steps": 20}
    plan = make_plan(tmp_path, random_histories(60, 40, 15), 10, **settings)
    with listeners_noted() as found:
        launch(plan, spark)
    assert exposed(found) == []


@pytest.mark.timeout(900)
def test_ranks_on_a_cluster_meet_on_its_address_and_leave_nothing_open_there(tmp_path: Path) -> None:
    """The driver's rendezvous is on the address that executors know it by; while ranks train it is closed."""
    host = private_address()
    script = tmp_path / "train.py"
    script.write_text(TRAINS)
    with listeners_noted() as found, standalone_cluster(tmp_path / "cluster", host=host) as cluster:
        cluster.environment["PYTHONPATH"] = str(ROOT)
        ranks_find_this = ["--conf", f"spark.executorEnv.PYTHONPATH={ROOT}"]
        done = cluster.submit([*ranks_find_this, str(script), str(tmp_path / "plan")], tmp_path, timeout=400)
        assert done.returncode == 0, done.stderr[-3000:] + cluster.logs()
    assert "steps 60" in done.stdout
    assert "open while training: {'127.0.0.1'}" in done.stdout  # Spark's own, for the counts of its tasks
    assert {str(each.ip) for each in exposed(found)} == {host}
    assert any(str(script) in each.process and "python" in each.process for each in exposed(found))


def private_address() -> str:
    """An address of this machine in a private network."""
    addresses = (each.address for found in psutil.net_if_addrs().values() for each in found if each.family == AF_INET)
    for address in addresses:
        if ip_address(address).is_private and not ip_address(address).is_loopback:
            return address
    pytest.skip("this machine is in no private network")
