"""What disks, sockets and the clients of stores really raise when they are full or away."""

import errno
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow import fs

from interest_spark.foundation.temporary import explain_system, temporary_failure
from tests.small_disk import fill, small_disk

NOBODY = "http://127.0.0.1:9"  # the port "discard": nothing listens there


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with small_disk(tmp_path_factory.mktemp("disk"), megabytes=1) as disk:
        write_deltalake(str(disk / "table"), pa.table({"a": [1]}))
        fill(disk)
        yield disk


def raised_by(action: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as raised:
        action()
    return raised.value


@pytest.mark.parametrize(
    "write",
    [
        lambda disk: (disk / "new").write_bytes(bytes(9000)),
        lambda disk: pq.write_table(pa.table({"a": [str(number) for number in range(9000)]}), disk / "new"),
        lambda disk: write_deltalake(str(disk / "table"), pa.table({"a": range(9000)}), mode="append"),
    ],
    ids=["python", "pyarrow", "deltalake"],
)
def test_a_full_disk(full: Path, write: Callable[[Path], object]) -> None:
    busy = temporary_failure(raised_by(lambda: write(full)))
    assert str(busy).startswith("No space left on device; nothing unfinished was published: free space")


def read_delta() -> None:
    options = {"AWS_ENDPOINT_URL": NOBODY, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "none", "max_retries": "0"}
    DeltaTable("s3://bucket/t", storage_options={**options, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})


def list_bucket() -> None:
    once = fs.AwsStandardS3RetryStrategy(max_attempts=1)
    keys = {"access_key": "a", "secret_key": "b", "region": "none"}
    fs.S3FileSystem(endpoint_override=NOBODY, retry_strategy=once, **keys).get_file_info(fs.FileSelector("bucket"))


@pytest.mark.parametrize("reach", [lambda: socket.create_connection(("127.0.0.1", 9)), read_delta, list_bucket])
def test_a_service_that_is_away(reach: Callable[[], object]) -> None:
    busy = temporary_failure(raised_by(reach))
    assert busy is not None and "nothing unfinished was published: check that the stores" in str(busy)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTUNREACH])
def test_what_a_network_disk_or_host_answers(number: int) -> None:
    assert temporary_failure(OSError(number, "as the system calls it")) is not None


@pytest.mark.parametrize(
    "fail",
    [
        lambda: Path("/nowhere").read_bytes(),
        lambda: Path("/").read_bytes(),
        lambda: int("No space left on device (os error 28)"),
        lambda: DeltaTable("/nowhere"),
    ],
)
def test_what_a_retry_does_not_cure(fail: Callable[[], object]) -> None:
    assert temporary_failure(raised_by(fail)) is None


def test_a_reader_that_has_gone_is_no_failure_of_a_disk() -> None:
    assert temporary_failure(BrokenPipeError(errno.EPIPE, "Broken pipe")) is None


def test_hdfs_without_its_nodes_is_away_but_a_refusal_is_not() -> None:
    text = "Kernel error -> Generic HdfsObjectStore error\n ↳ {}"
    away = explain_system(None, text.format("data transfer error: no DataNode has the block"))
    assert away is not None and "a store does not answer" in str(away)
    assert explain_system(None, text.format("AccessControlException: Permission denied: user=joe")) is None
