"""One Spark session for the whole test run, small and on the loopback interface."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from interest_spark.config import SparkConfig

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


# The first example pays for imports and for a busy machine; time is measured in tests/bench, never asserted here.
settings.register_profile("interest_spark", deadline=None)
settings.load_profile("interest_spark")


@pytest.fixture(scope="session")
def spark() -> "Iterator[SparkSession]":
    """A local session with two cores and few shuffle partitions."""
    from interest_spark.session import start_session

    session = start_session(SparkConfig(master="local[2]", shuffle_partitions=4), "interest_spark tests")
    yield session
    session.stop()
