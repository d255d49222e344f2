"""Spark's classes parsed and verified ahead of time, which is most of what a driver's JVM does in its first seconds.

An archive of class data (JEP 310, JEP 350) is made once, at installation: `python -m
interest_spark.platform.class_archive`. The JVM maps it into memory; where archive, Java or class path do not fit
together it goes on without, so a stale archive costs time and nothing else.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyspark
from pyspark import SparkContext

from interest_spark.config.spark import SparkConfig
from interest_spark.foundation.errors import InterestError
from interest_spark.platform.java import ensure_java, java_version

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST_JAVA = 13  # the first that adds an application's classes when it ends
_SECONDS = 180
# The JVM's word on an archive that does not fit would go to standard output.
_QUIET = "-Xlog:disable -Xlog:all=error:stderr"


def archive_file() -> Path:
    """Where this environment keeps its archive, whether or not it was made."""
    return Path(sys.prefix) / "share" / "interest_spark" / f"spark-{pyspark.__version__}.jsa"


def options_with_archive() -> str:
    """Options for a JVM that runs Spark; empty where there is no archive."""
    file = archive_file()
    return f'-Xshare:auto -XX:SharedArchiveFile="{file}" {_QUIET}' if file.exists() else ""


def make_archive() -> Path:
    """Run a small Spark application and archive the classes that it loaded. Raises OSError where it cannot be kept."""
    java = ensure_java()
    version = java_version(java)
    if version is None or version < OLDEST_JAVA:
        raise OSError(f"Java {version} makes no archive of an application's classes; Java {OLDEST_JAVA} does")
    _ensure_base_archive(java)
    file = archive_file()
    draft = file.with_suffix(".draft")
    file.parent.mkdir(parents=True, exist_ok=True)
    for each in (file, draft):
        each.unlink(missing_ok=True)
    _run_application(f'-XX:ArchiveClassesAtExit="{draft}" {_QUIET}')
    if not draft.exists():
        raise OSError(f"{java} made no archive")
    return draft.rename(file)


def _ensure_base_archive(java: str) -> None:
    """The Java of a wheel comes without the archive of Java's own classes, on which the application's one builds."""
    if subprocess.run([java, "-Xshare:on", "-version"], capture_output=True, check=False).returncode:
        subprocess.run([java, "-Xshare:dump"], capture_output=True, timeout=_SECONDS, check=True)


def _run_application(java_options: str) -> None:
    from interest_spark.platform.session import start_session

    settings = SparkConfig(shuffle_partitions=2, conf={"spark.driver.extraJavaOptions": java_options})
    session = start_session(settings, "interest_spark class archive")
    _rehearse(session)
    session.stop()
    gateway = SparkContext._gateway
    assert gateway is not None
    jvm = gateway.proc  # it ends, and writes the archive, when nobody holds its standard input
    jvm.stdin.close()
    jvm.wait(timeout=_SECONDS)


def _rehearse(spark: "SparkSession") -> None:
    """A little of everything that the steps do: files, exchanges, joins, windows and Python workers."""
    from tempfile import TemporaryDirectory

    from pyspark.sql import Window
    from pyspark.sql import functions as F

    rows = spark.range(100).select(
        "id", (F.col("id") % 7).cast("string").alias("user"), F.current_timestamp().alias("t")
    )
    with TemporaryDirectory() as folder:
        rows.repartition(2, "user").write.partitionBy("user").parquet(f"{folder}/rows")
        again = spark.read.parquet(f"{folder}/rows").mapInArrow(
            lambda batches: batches, "id long, t timestamp, user int"
        )
        order = F.row_number().over(Window.partitionBy("user").orderBy("t", "id"))
        numbered = again.withColumn("place", order).join(F.broadcast(rows.groupBy("user").count()), "user")
        lists = numbered.where(F.col("place") < 3).groupBy("user").agg(F.collect_list("id").alias("ids"), F.max("t"))
        lists.join(rows, "user", "left_anti").sort("user").toPandas()
        lists.write.json(f"{folder}/lists")


def main() -> None:
    """Make the archive; what prevents it is said, and is no failure."""
    os.environ.pop("JAVA_TOOL_OPTIONS", None)  # they may name an archive, which would be written over
    try:
        print(make_archive())
    except (OSError, subprocess.SubprocessError, InterestError) as error:
        print(f"no archive, Spark starts more slowly: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
