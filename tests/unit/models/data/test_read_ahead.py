"""Reading ahead changes when items are taken, never which or in which order."""

import threading
from collections.abc import Generator

import pytest

from interest_spark.models.data.read_ahead import read_ahead

WAIT = 30.0  # seconds that nothing here should take


class Source:
    """Counts to `count`, notes what was taken and by which thread, and whether it was closed."""

    def __init__(self, count: int) -> None:
        self.taken: list[int] = []
        self.threads: set[str] = set()
        self.closed = False
        self._count = count
        self._changed = threading.Condition()

    def items(self) -> Generator[int, None, None]:
        try:
            for number in range(self._count):
                with self._changed:
                    self.taken.append(number)
                    self.threads.add(threading.current_thread().name)
                    self._changed.notify_all()
                yield number
        finally:
            self.closed = True

    def wait_for(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.taken) >= count, WAIT)


@pytest.mark.parametrize(("count", "depth"), [(0, 1), (1, 4), (7, 1), (7, 3), (7, 20)])
def test_items_keep_their_order(count: int, depth: int) -> None:
    source = Source(count)
    with read_ahead(source.items(), depth) as items:
        assert list(items) == list(range(count))
    assert source.closed


def test_items_are_taken_before_they_are_asked_for_and_no_more_than_that() -> None:
    source = Source(100)
    with read_ahead(source.items(), 5) as items:
        assert next(items) == 0
        assert source.wait_for(6)  # one was given, five are ready
        assert len(source.taken) == 6
    assert source.closed
    assert len(source.taken) == 6
    assert all(name.startswith("read-ahead") for name in source.threads)


def test_an_error_comes_at_its_place() -> None:
    def broken() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise OSError("the disk is gone")

    with read_ahead(broken(), 8) as items:
        assert [next(items), next(items)] == [1, 2]
        with pytest.raises(OSError, match="the disk is gone"):
            next(items)


def test_a_failing_user_of_items_leaves_no_thread_behind() -> None:
    source, before = Source(100), threading.active_count()
    with pytest.raises(ValueError, match="no more"), read_ahead(source.items(), 5) as items:
        next(items)
        raise ValueError("no more")
    assert source.closed
    assert threading.active_count() == before
