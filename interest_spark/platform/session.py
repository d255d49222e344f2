"""The Spark session: one set of settings that all jobs rely on, and a clear word when it cannot start."""

import os
import re
import socket
import sys
from urllib.parse import urlsplit

from py4j.protocol import Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.errors import IllegalArgumentException, PySparkException
from pyspark.sql import SparkSession

from interest_spark.config.spark import SparkConfig
from interest_spark.foundation.credentials import HIDDEN, SECRET_NAMES, is_secret, without_credentials
from interest_spark.foundation.errors import BusyError, ConfigError, InterestError
from interest_spark.foundation.log import get_logger
from interest_spark.platform.class_archive import options_with_archive
from interest_spark.platform.connectors import connector_defaults
from interest_spark.platform.failures import expected_failure
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
_DEFAULTS = {"spark.redaction.regex": SECRET_NAMES}
"""Where a deployment sets nothing else: what Spark's own pages and event logs leave out."""


# What spark-submit itself acts on. All other settings are set in the Java process once it runs, so that they do not
# stand in its command line, which every user of the machine can read.
_FIRST = (
    *("spark.master", "spark.app.name", "spark.driver.", "spark.submit.", "spark.pyspark."),
    *("spark.jars", "spark.files", "spark.archives", "spark.yarn.", "spark.kubernetes.", "spark.kerberos."),
)
_JAVA_DEFINITION = re.compile(r"-D([^\s=]+)=")
_REFUSALS = ("IllegalArgumentException", "NumberFormatException", "NoSuchElementException")


def start_session(settings: SparkConfig, app_name: str) -> SparkSession:
    """Start, or join, the Spark application of this process.

    Under `spark-submit` the submitter's master and settings hold; otherwise those of `settings`. Raises ConfigError
    without a usable Java or scratch folder, or where Spark refuses a setting, BusyError when a master does not answer.
    """
    check_temporary_folder()
    master = settings.master
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    try:
        if submitted:
            SparkContext._ensure_initialized()  # else a SparkConf would not know what was submitted
        else:
            check_master(master)  # sooner than Java can start
            _start_java(settings)
        conf = SparkConf()
        master = conf.get("spark.master") or settings.master
        check_master(master)
        if submitted and (folders := _scratch_folders(conf.get(_SCRATCH), settings, master, submitted)):
            conf.set(_SCRATCH, folders)
        conf.setAppName(app_name).set("spark.sql.shuffle.partitions", str(settings.shuffle_partitions))
        for key, value in {**_DEFAULTS, **connector_defaults(), **network_defaults(master), **settings.conf}.items():
            conf.setIfMissing(key, value)
        for key, value in _FIXED.items():
            conf.set(key, value)
        session = SparkSession.builder.config(conf=conf).getOrCreate()
    except (PySparkException, Py4JJavaError, OSError) as error:
        raise _not_started(error, master, settings) from None
    session.sparkContext.setLogLevel("ERROR")
    return session


def _scratch_folders(given: str | None, settings: SparkConfig, master: str, submitted: bool) -> str | None:
    """The scratch folders, checked and, where Spark lets the driver choose them for itself alone, closed to others.

    None where they are not the driver's to choose.
    """
    configured = given or settings.conf.get(_SCRATCH)
    named = SPARK_FOLDERS in os.environ
    if not master.startswith(("local", "spark://")) or (named and submitted):
        check_spark_folders(configured)
        return None
    return private_spark_folders(configured)


def _start_java(settings: SparkConfig) -> None:
    """Start Spark's Java process, unless this process has one, and hand it all settings as `spark-submit` would."""
    ensure_java()
    if is_on_this_machine(settings.master):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # what a UI binds to, whatever the driver's settings
    # Otherwise workers start the first python3 on PATH, whatever it is.
    os.environ.setdefault("PYSPARK_PYTHON", settings.conf.get("spark.pyspark.python", sys.executable))
    everything = {
        **settings.conf,
        "spark.master": settings.master,
        "spark.driver.memory": settings.driver_memory,
    }
    if folders := _scratch_folders(None, settings, settings.master, submitted=False):
        os.environ[SPARK_FOLDERS] = folders  # as a setting, it makes Spark warn of what may override it
    if options := f"{options_with_archive()} {settings.conf.get(_JAVA_OPTIONS, '')}".strip():
        everything[_JAVA_OPTIONS] = options
    first = {key: value for key, value in everything.items() if key.startswith(_FIRST) and not is_secret(key)}
    for key, value in first.items():
        if without_credentials(value) != value or any(map(is_secret, _JAVA_DEFINITION.findall(value))):
            get_logger().warning(
                "a secret stands in the command line of Spark's Java process", key=key, remedy="see Security in README"
            )
    SparkContext._ensure_initialized(conf=SparkConf(loadDefaults=False).setAll(list(first.items())))
    for key, value in everything.items():
        SparkContext.setSystemProperty(key, value)


def _not_started(error: Exception, master: str, settings: SparkConfig) -> InterestError:
    """What a user can do about Spark not starting; Spark may quote a setting, but no secret one."""
    text = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
    reason = (text.strip().splitlines() or [type(error).__name__])[0]
    for key, value in settings.conf.items():
        reason = reason.replace(value, HIDDEN) if value and is_secret(key) else reason
    kind = reason.partition(":")[0] if isinstance(error, Py4JJavaError) else ""
    if isinstance(error, IllegalArgumentException) or kind.endswith(_REFUSALS):
        return expected_failure(error) or ConfigError(
            f"Spark refuses a setting: {reason}; correct spark.master or spark.conf"
        )
    return expected_failure(error) or BusyError(f"Spark did not start on {master}: {reason}; run `interest doctor`")


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
