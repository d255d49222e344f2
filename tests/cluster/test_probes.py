"""`interest doctor` on a warehouse in S3: tried as it will be used, left as it was, and refused with what to do."""

import secrets

from interest_spark.foundation.locations import Url
from interest_spark.platform.probes import try_warehouse
from interest_spark.storage.file_stores import store_of
from tests.cluster.s3_server import BUCKET, S3Server


def test_a_warehouse_in_s3_is_written_and_committed_to_and_left_empty(s3: S3Server) -> None:
    root = Url(f"s3://{BUCKET}/{secrets.token_hex(4)}")
    finding = try_warehouse(root)
    assert (finding.status, finding.found) == ("ok", f"{root}: write, commit")
    store, path = store_of(str(root))
    assert list(store.list_files(path)) == []


def test_a_bucket_that_is_not_there_is_named(s3: S3Server) -> None:
    finding = try_warehouse(Url("s3://no-such-bucket/warehouse"))
    assert finding.status == "unsupported"
    assert "s3://no-such-bucket" in finding.found and "AWS_ACCESS_KEY_ID" in finding.found
