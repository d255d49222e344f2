"""Spark's own reader on S3: what it reads, what a refusal becomes, and what is said where its jar is missing."""

import json
import os
import secrets
import subprocess
import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interest_spark.foundation.errors import ConfigError
from interest_spark.platform.connectors import S3A_PACKAGE, check_connector
from interest_spark.storage.file_stores import store_of
from tests.cluster.maven import CACHE, S3A_NEEDS, fetch_jars
from tests.cluster.s3_server import BUCKET, S3Server
from tests.readme import ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCRIPT = """
import json, sys
from interest_spark.config.spark import SparkConfig
from interest_spark.platform.connectors import check_connector
from interest_spark.platform.failures import expected_failure
from interest_spark.platform.session import start_session

spark = start_session(SparkConfig(master="local[1]", conf=json.loads(sys.argv[1])), "connectors")
check_connector(spark, "s3://shop/warehouse")
found = {}
for url in sys.argv[2:]:
    try:
        found[url] = spark.read.parquet(url).count()
    except Exception as error:
        failure = expected_failure(error)
        found[url] = f"{type(failure).__name__}: {failure}" if failure else str(error)
print(json.dumps(found))
"""


def _read(urls: list[str], **environment: str) -> dict[str, Any]:
    fetch_jars(S3A_PACKAGE, *S3A_NEEDS)
    conf = json.dumps({"spark.jars.packages": S3A_PACKAGE, "spark.jars.ivy": str(CACHE)})
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, conf, *urls],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def file(s3: S3Server) -> str:
    url = f"s3://{BUCKET}/{secrets.token_hex(4)}/part-0.parquet"
    rows = BytesIO()
    pq.write_table(pa.table({"a": [1, 2, 3]}), rows)
    store, path = store_of(url)
    store.write(path, rows.getvalue())
    return url


def test_a_file_is_read_and_a_bucket_that_is_not_there_is_named(file: str) -> None:
    found = _read([file, "s3://no-such-bucket/file"])
    assert found[file] == 3
    assert found["s3://no-such-bucket/file"].startswith("ConfigError: Spark does not find s3://no-such-bucket; check")


def test_a_wrong_key_is_an_error_of_the_deployment(file: str) -> None:
    (found,) = _read([file], AWS_SECRET_ACCESS_KEY="PlantedS3cret").values()
    assert found.startswith(f"ConfigError: Spark is refused by s3://{BUCKET}; check"), found
    assert "PlantedS3cret" not in found


def test_without_its_jar_spark_says_which(spark: "SparkSession") -> None:
    check_connector(spark, "/shop/warehouse")
    check_connector(spark, "hdfs://namenode:8020/shop")
    with pytest.raises(ConfigError, match=r"spark\.jars\.packages to org.apache.hadoop:hadoop-aws"):
        check_connector(spark, "s3://shop/warehouse")
