"""The servers that the tests of this folder share, each started once."""

from collections.abc import Iterator

import pytest

from tests.cluster.hadoop import Hadoop, hadoop
from tests.cluster.s3_server import S3Server, s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server; a test takes a prefix of its own in the bucket."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def hdfs_and_yarn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """HDFS and YARN with two NodeManagers; a test takes a folder of its own in HDFS, and starts what it has stopped."""
    with hadoop(tmp_path_factory.mktemp("hadoop")) as daemons:
        yield daemons
