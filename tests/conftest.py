"""One Spark session for each worker of the test run, small and on the loopback interface."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from interest_spark.config.spark import SparkConfig
from interest_spark.platform.class_archive import options_with_archive

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


# Many short JVMs start below: they never live long enough to gain from the optimising compiler or parallel collectors.
# That of the session, which serves a worker for half an hour, does: its tests take a fifth less time.
os.environ.setdefault("JAVA_TOOL_OPTIONS", f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC {options_with_archive()}")

# The first example pays for imports and for a busy machine; time is measured in tests/bench, never asserted here.
# Every run draws the same examples, so that a change is judged by what it changes; `--hypothesis-profile explore` draws
# new ones, to find what nobody looked for.
settings.register_profile("interest_spark", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("interest_spark")


@pytest.fixture(scope="session")
def spark() -> "Iterator[SparkSession]":
    """A local session with two cores and few shuffle partitions."""
    from interest_spark.platform.session import start_session

    conf = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=4"}
    settings = SparkConfig(master="local[2]", shuffle_partitions=4, conf=conf)
    session = start_session(settings, "interest_spark tests")
    yield session
    session.stop()
