"""What a piece of work has taken beside time."""

from dataclasses import dataclass


@dataclass
class ResourceUse:
    """`driver_memory_mb`: resident memory of the driver's process and of all that it has started on its machine, at its
    highest, in MiB: Java, and where Spark runs on one machine also Python's workers and the ranks; pages that processes
    share count in each. `executor_memory_mb`: the highest of one executor's Java, as its heartbeats tell.
    `shuffle_bytes`: what Spark's tasks have written for others to fetch. None where nothing is known.
    """

    driver_memory_mb: float | None = None
    executor_memory_mb: float | None = None
    shuffle_bytes: int | None = None
