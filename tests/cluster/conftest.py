"""The servers that the tests of this folder share, each started once."""

from collections.abc import Iterator

import pytest

from tests.cluster.s3_server import S3Server, s3_server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server; a test takes a prefix of its own in the bucket."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server
