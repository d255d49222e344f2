"""The section `spark` of the configuration."""

from pydantic import Field

from interest_spark.config.section import Section


class SparkConfig(Section):
    """The Spark application; under `spark-submit` the submitter's own settings win."""

    master: str = "local[2]"
    driver_memory: str = "2g"
    shuffle_partitions: int = Field(default=8, ge=1)
    conf: dict[str, str] = Field(default={})
