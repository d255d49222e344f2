"""Jars by their Maven coordinates, fetched once for all tests of a checkout by the resolver that Spark itself has."""

import fcntl
from pathlib import Path

import pyspark
import pytest
from py4j.protocol import Py4JJavaError

from tests.cluster.java_gateway import java_gateway
from tests.readme import ROOT

SPARK_JARS = Path(pyspark.__file__).parent / "jars"
_CACHE = ROOT / "build" / "jars"


def fetch_jars(*coordinates: str) -> list[Path]:
    """The jars of `group:artifact:version`, without what they depend on, in that order.

    Skips the test, naming the reason, where a jar can neither be fetched nor was fetched before.
    """
    # As Spark's resolver names them.
    jars = [_CACHE / "jars" / "{}_{}-{}.jar".format(*coordinate.split(":")) for coordinate in coordinates]
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(jar.exists() for jar in jars):
            _resolve(coordinates)
    return jars


def _resolve(coordinates: tuple[str, ...]) -> None:
    with java_gateway(_CACHE, [str(SPARK_JARS / "*")], heap="256m") as gateway:
        spark = gateway.jvm.org.apache.spark.deploy.SparkSubmitUtils
        option = gateway.jvm.scala.Option
        none_left_out = getattr(spark, "resolveMavenCoordinates$default$5")()
        settings = spark.buildIvySettings(option.empty(), option.apply(str(_CACHE)), False)
        try:
            spark.resolveMavenCoordinates(",".join(coordinates), settings, option.empty(), False, none_left_out, False)
        except Py4JJavaError as error:
            reason = str(error.java_exception.getMessage()).splitlines()[0]
            pytest.skip(f"jars cannot be fetched from Maven's repositories: {reason}")
