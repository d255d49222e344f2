"""The servers that the tests of this folder share, each started once."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from interest_spark.config.spark import SparkConfig
from tests.cluster.hadoop import Hadoop, hadoop
from tests.cluster.s3_server import S3Server, s3_server

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
