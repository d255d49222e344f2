"""HDFS and YARN as the tests of this folder start them."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from interest_spark.foundation.errors import BusyError
from interest_spark.foundation.temporary import temporary_failure
from interest_spark.storage.file_stores import store_of
from tests.cluster.hadoop import Hadoop, hadoop
from tests.command_lines import command_lines_below
from tests.listeners import listeners_noted

pytestmark = pytest.mark.timeout(900)


def test_daemons_listen_on_loopback_alone_and_end_with_the_test(tmp_path: Path) -> None:
    with listeners_noted() as found, hadoop(tmp_path / "hadoop") as daemons:
        assert {each.name for each in daemons.client.iterdir()} == {"core-site.xml", "hdfs-site.xml", "yarn-site.xml"}
        assert "mini" not in (daemons.client / "yarn-site.xml").read_text(encoding="utf-8").lower()
    assert found
    assert [each for each in found if not each.on_loopback] == []
    assert [each for each in command_lines_below() if str(tmp_path) in each] == []


def test_what_a_stopped_datanode_holds_is_away_until_it_is_back(
    hdfs_and_yarn: Hadoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hdfs_and_yarn.client))
    store, path = store_of(f"{hdfs_and_yarn.url}/kept/a b/dt=ü.txt")
    store.write(path, b"kept")
    with hdfs_and_yarn.datanode_stopped(), pytest.raises(BusyError):
        store.read(path)
    assert store.read(path) == b"kept"


def test_a_log_that_a_stopped_datanode_holds_is_away_and_not_damaged(hdfs_and_yarn: Hadoop) -> None:
    url = f"{hdfs_and_yarn.url}/tables/one"
    write_deltalake(url, pa.table({"a": [1]}))
    with hdfs_and_yarn.datanode_stopped(), pytest.raises(Exception, match="Hdfs") as raised:
        DeltaTable(url)
    assert isinstance(temporary_failure(raised.value), BusyError)
    assert DeltaTable(url).version() == 0
