"""The servers that the tests of this folder share, each started once, and places in them."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interest_spark.config.spark import SparkConfig
from interest_spark.foundation.locations import Location, Url
from interest_spark.storage.stores.hdfs import hdfs
from interest_spark.storage.stores.s3 import bucket
from tests.cluster.hadoop import Hadoop, hadoop
from tests.cluster.s3_server import BUCKET, S3Server, s3_server

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server, which this process and all that it starts are told of; a test takes a prefix of its own."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server, pytest.MonkeyPatch.context() as environment:
        for name, value in server.environment.items():
            environment.setenv(name, value)
        yield server


@pytest.fixture(scope="session")
def spark(s3: S3Server) -> "Iterator[SparkSession]":
    """A session whose Java process and Python workers were started with the server's keys in their environment."""
    from interest_spark.platform.session import start_session

    session = start_session(SparkConfig(master="local[2]", shuffle_partitions=4), "interest_spark cluster tests")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def hdfs_and_yarn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """HDFS and YARN with two NodeManagers; a test takes a folder of its own in HDFS, and starts what it has stopped."""
    with hadoop(tmp_path_factory.mktemp("hadoop")) as daemons:
        yield daemons


@pytest.fixture
def s3_environment(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The server, with what its clients need in this process's environment."""
    with _environment(s3.environment, monkeypatch):
        yield s3


@pytest.fixture
def s3_store(s3_environment: S3Server) -> Url:
    """A prefix in the S3 server for this test alone."""
    return Url(f"s3://{BUCKET}/{secrets.token_hex(4)}")


@pytest.fixture
def hdfs_store(hdfs_and_yarn: Hadoop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Url]:
    """A folder in HDFS for this test alone."""
    with _environment(hdfs_and_yarn.environment, monkeypatch):
        yield Url(f"{hdfs_and_yarn.url}/{secrets.token_hex(4)}")


@pytest.fixture(params=["folder", "s3", "hdfs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Each of the places that a warehouse can be in."""
    if request.param == "folder":
        return tmp_path
    place: Url = request.getfixturevalue(f"{request.param}_store")
    return place


@contextmanager
def _environment(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients keep what they found in the environment: those of other tests are forgotten, before and after."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _forget_clients()
    yield
    _forget_clients()


def _forget_clients() -> None:
    bucket.cache_clear()
    hdfs.cache_clear()
