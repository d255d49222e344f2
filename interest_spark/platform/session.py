"""The Spark session: one set of settings that all jobs rely on, and a clear word when it cannot start."""

import os
import socket
import sys
from urllib.parse import urlsplit

from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from interest_spark.config.spark import SparkConfig
from interest_spark.foundation.errors import BusyError
from interest_spark.platform.class_archive import options_with_archive
from interest_spark.platform.java import ensure_java
from interest_spark.platform.masters import is_on_this_machine, network_defaults
from interest_spark.platform.scratch import (
    SPARK_FOLDERS,
    check_spark_folders,
    check_temporary_folder,
    private_spark_folders,
)

_CONNECT_SECONDS = 10
_SCRATCH = "spark.local.dir"
_JAVA_OPTIONS = "spark.driver.extraJavaOptions"

# Instants are UTC microseconds everywhere; days are derived from them explicitly, never from the session.
_FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # One parser for date-time patterns; text it cannot read is null, not an exception.
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.adaptive.enabled": "true",
    # Sequence building relies on the partition count it asks for; the result must not depend on sizes.
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # A task has one core; Polars would start a thread for each core of the machine. Read when a worker imports it.
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
    # Workers start with `python -m`, which looks for every module in the current folder first: a csv.py would be run.
    "spark.executorEnv.PYTHONSAFEPATH": "1",
    # Readers pass file lists; looking each file up in a Spark task of its own costs more than the driver's loop.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "2000",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "16",
    "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
}


def start_session(settings: SparkConfig, app_name: str) -> SparkSession:
    """Start, or join, the Spark application of this process.

    Under `spark-submit` the submitter's master and resources hold; otherwise those of `settings`.
    Raises ConfigError without a usable Java or scratch folder, BusyError when the master does not answer.
    """
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if submitted:  # what was submitted is known to its JVM; without one, PySpark begins with empty settings
        SparkContext._ensure_initialized()
    conf = SparkConf()
    if not submitted:
        ensure_java()
        if is_on_this_machine(settings.master):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # what a UI binds to, whatever the driver's settings
        # Otherwise workers start the first python3 on PATH, whatever it is.
        os.environ.setdefault("PYSPARK_PYTHON", settings.conf.get("spark.pyspark.python", sys.executable))
        conf.setMaster(settings.master).set("spark.driver.memory", settings.driver_memory)
        if options := f"{options_with_archive()} {settings.conf.get(_JAVA_OPTIONS, '')}".strip():
            conf.set(_JAVA_OPTIONS, options)
    master = conf.get("spark.master") or settings.master
    check_master(master)
    _prepare_scratch(conf, settings, master, submitted)
    conf.setAppName(app_name).set("spark.sql.shuffle.partitions", str(settings.shuffle_partitions))
    for key, value in {**network_defaults(master), **settings.conf}.items():
        conf.setIfMissing(key, value)
    for key, value in _FIXED.items():
        conf.set(key, value)
    try:
        session = SparkSession.builder.config(conf=conf).getOrCreate()
    except (PySparkException, OSError) as error:
        raise BusyError(f"Spark did not start on {master}: {error}; run `interest doctor`") from None
    session.sparkContext.setLogLevel("ERROR")
    return session


def _prepare_scratch(conf: SparkConf, settings: SparkConfig, master: str, submitted: bool) -> None:
    """Check the scratch folders and, where Spark lets the driver choose them for itself alone, close them to others."""
    check_temporary_folder()
    configured = conf.get(_SCRATCH) or settings.conf.get(_SCRATCH)
    named = SPARK_FOLDERS in os.environ
    if not master.startswith(("local", "spark://")) or (named and submitted):
        check_spark_folders(configured)
        return
    folders = private_spark_folders(configured)
    conf.set(_SCRATCH, folders)
    if named:  # which Spark prefers to its own setting
        os.environ[SPARK_FOLDERS] = folders


def check_master(master: str) -> None:
    """Raise BusyError unless a standalone master's port answers; Spark itself would wait for minutes."""
    if not master.startswith("spark://"):
        return
    for address in master.removeprefix("spark://").split(","):
        parts = urlsplit(f"//{address}")
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 7077), timeout=_CONNECT_SECONDS):
                return
        except (OSError, ValueError):
            continue
    raise BusyError(f"Spark master {master} does not answer; start it or correct spark.master, then run the job again")
