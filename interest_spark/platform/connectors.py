"""How Spark reaches stores by URL: settings of Hadoop's S3A for `s3://`, and a clear word where its jar is missing.

Spark only reads there. Files are written by tasks in Python, one request a file, so that no committer renames anything
and no markers of folders are left; `hdfs://` needs neither a jar nor a setting.
"""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from interest_spark.foundation.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

S3A_PACKAGE = "org.apache.hadoop:hadoop-aws:3.3.4"
"""Of the Hadoop release that pyspark's own jars are."""

_S3A_CLASS = "org.apache.hadoop.fs.s3a.S3AFileSystem"
_CLASS_OF = {"s3": _S3A_CLASS}
"""What reads URLs of a scheme where that is no part of Spark."""

_S3A = {
    "spark.hadoop.fs.s3.impl": _S3A_CLASS,
    # Parquet is read from its end, then a piece here and a piece there.
    "spark.hadoop.fs.s3a.experimental.input.fadvise": "random",
    # Folders are told from prefixes alone: a file's write is one request, not one more for each folder above it.
    "spark.hadoop.fs.s3a.directory.marker.retention": "keep",
    # A store that is away ends a request after some 20 s, and with Spark's four attempts a job in two minutes: by its
    # own settings S3A would go on for many.
    "spark.hadoop.fs.s3a.connection.establish.timeout": "5000",
    "spark.hadoop.fs.s3a.connection.timeout": "30000",
    "spark.hadoop.fs.s3a.attempts.maximum": "2",
    "spark.hadoop.fs.s3a.retry.limit": "5",
    "spark.hadoop.fs.s3a.retry.interval": "500ms",
}


def connector_defaults() -> dict[str, str]:
    """Settings of Spark that hold unless others are given; where S3 is, the environment says, as to all its clients.

    Keys are none of them: S3A takes these from the same environment, or asks the platform.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    settings = dict(_S3A)
    if endpoint:
        # A server of one's own seldom has a name for each bucket.
        settings |= {"spark.hadoop.fs.s3a.endpoint": endpoint, "spark.hadoop.fs.s3a.path.style.access": "true"}
    if region:
        settings["spark.hadoop.fs.s3a.endpoint.region"] = region
    return settings


def check_connector(spark: "SparkSession", url: str) -> None:
    """Raise ConfigError where Spark has nothing to read that URL with."""
    scheme = urlsplit(url).scheme
    if scheme not in _CLASS_OF:
        return
    loader = spark._jvm.java.lang.Thread.currentThread().getContextClassLoader()  # type: ignore[union-attr]
    try:
        loader.loadClass(_CLASS_OF[scheme])
    except Exception as error:
        if "ClassNotFoundException" not in str(error):
            raise
        raise ConfigError(
            f"Spark cannot read {scheme}:// without a jar; set spark.conf spark.jars.packages to {S3A_PACKAGE}, or "
            f"give spark-submit --packages {S3A_PACKAGE}"
        ) from None
