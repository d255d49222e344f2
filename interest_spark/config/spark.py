"""The section `spark` of the configuration."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from interest_spark.config.section import Count, Section

_MASTER = re.compile(r"local(\[.*\])?|(spark|k8s|mesos)://.+|yarn")
_MEMORY = re.compile(r"[1-9][0-9]{0,8}[kKmMgGtT]")


def _is_a_size(memory: str) -> str:
    if not _MEMORY.fullmatch(memory):
        raise ValueError("memory is a number with its unit: 512m, 2g")
    return memory


Memory = Annotated[str, AfterValidator(_is_a_size)]


class SparkConfig(Section):
    """The Spark application; under `spark-submit` the submitter's own settings win."""

    master: str = "local[2]"
    driver_memory: Memory = "2g"
    shuffle_partitions: Count = 8
    conf: dict[str, str] = Field(default={})

    @field_validator("master")
    @classmethod
    def _is_a_master(cls, master: str) -> str:
        if not _MASTER.fullmatch(master):
            raise ValueError("a master is local[n], spark://host:port, yarn or k8s://…")
        return master
