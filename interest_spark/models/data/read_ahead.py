"""Items taken from their source by a thread of its own, before they are asked for."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class _End:
    """What comes after the last item."""


@contextmanager
def read_ahead(source: Generator[T, None, None], depth: int) -> Iterator[Iterator[T]]:
    """The items of `source` in their order, up to `depth` of them held ready; what it raises is raised at its place.

    Leaving the context closes `source`, after the item that the thread is about to take.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        try:
            yield _in_order(source, depth, thread)
        finally:
            thread.shutdown(cancel_futures=True)
            source.close()


def _in_order(source: Iterator[T], depth: int, thread: ThreadPoolExecutor) -> Iterator[T]:
    def order() -> Future[T | _End]:
        return thread.submit(next, source, _End())

    ready = deque(order() for _ in range(depth))
    while not isinstance(item := ready.popleft().result(), _End):
        ready.append(order())
        yield item
