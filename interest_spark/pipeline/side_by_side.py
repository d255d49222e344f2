"""Steps of many days at work at once: each starts as soon as no step before it is left that it depends on."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from itertools import islice
from queue import SimpleQueue

from interest_spark.pipeline.claims import Claims, claims_of, tables_of
from interest_spark.pipeline.graph import Work

_LOOK_AHEAD = 64  # steps: some days, so that days are finished about in their order


def run_side_by_side(works: Sequence[Work], threads: int, run: Callable[[int], None]) -> None:
    """Call `run` with the place of each of the works, at most so many at once.

    What depends on another comes after it, in the order given; the result is that of one after another. After an
    exception no further one is started, and it is raised once those at work have ended.
    """
    if threads == 1:
        for each in range(len(works)):
            run(each)
        return
    waiting = dict(enumerate(_claims_of_all(works)))
    running: dict[int, Claims] = {}
    starts: SimpleQueue[int | None] = SimpleQueue()
    ends: SimpleQueue[tuple[int, BaseException | None]] = SimpleQueue()
    for number in range(threads):
        # Daemons: an interrupted job does not wait for hours of work.
        target = copy_context().run
        threading.Thread(target=target, args=(_work, run, starts, ends), name=f"steps-{number}", daemon=True).start()
    failure: BaseException | None = None
    while running or (waiting and failure is None):
        while failure is None and len(running) < threads and (place := _next(waiting, running)) is not None:
            running[place] = waiting.pop(place)
            starts.put(place)
        place, error = ends.get()
        del running[place]
        failure = failure or error
    for _ in range(threads):
        starts.put(None)
    if failure is not None:
        raise failure


def _work(
    run: Callable[[int], None],
    starts: "SimpleQueue[int | None]",
    ends: "SimpleQueue[tuple[int, BaseException | None]]",
) -> None:
    while (place := starts.get()) is not None:
        try:
            run(place)
            ends.put((place, None))
        except BaseException as error:  # the thread that waits for the end raises it
            ends.put((place, error))


def _claims_of_all(works: Sequence[Work]) -> Iterable[Claims]:
    names = {name: context.warehouse for step, context in works for name in tables_of(step)}
    tables = {name: warehouse.open(name) for name, warehouse in names.items()}
    return [claims_of(work, tables) for work in works]


def _next(waiting: dict[int, Claims], running: dict[int, Claims]) -> int | None:
    """The first that depends on none of those at work and on none that is still to come before it."""
    before = list(running.items())
    for place, claims in islice(waiting.items(), _LOOK_AHEAD):
        if not any(claims.must_follow(each) for earlier, each in before if earlier < place):
            return place
        before.append((place, claims))
    return None
