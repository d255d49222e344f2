"""Training files for Petastorm, which reads from this machine's disk alone."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from interest_spark.storage.file_stores import local_copy

_AT_ONCE = 4  # a single request does not fill a network


@contextmanager
def on_this_machine(files: Sequence[str]) -> Iterator[list[str]]:
    """The files' paths, in their order; of stored files private copies, which last as long as the context."""
    with ExitStack() as kept, ThreadPoolExecutor(_AT_ONCE, "copy") as threads:
        copies = [local_copy(file) for file in files]
        for copy in copies:
            kept.push(copy)
        paths = list(threads.map(lambda copy: copy.__enter__(), copies))
        yield paths
