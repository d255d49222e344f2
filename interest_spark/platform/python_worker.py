"""Spark's Python workers, relieved of three waits that cost each of their tasks a tenth of a second and more.

Seen with pyspark 3.5 on Linux, where thirty tasks that do nothing took 1.8 s on two cores and take 0.2 s now:

* A task begins with `importlib.invalidate_caches()`, upon which Python reads the directories of all zip archives on
  its path anew, Spark's own jar with five thousand entries among them. 50 ms.
* A task's command comes in two small packets on a loopback connection. The sender keeps the second one back until the
  first is acknowledged (Nagle's algorithm), and the receiver waits 40 ms to see whether it can acknowledge more at once
  (RFC 1122, delayed acknowledgement); so the receiver is told to acknowledge at once.
* After a task all objects that live are searched for garbage, those of all imported libraries among them. 40 ms. What
  has survived such a search is taken out of further ones.
"""

import gc
import socket
import sys
import zipimport
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux alone has it


@cache
def settle() -> bool:
    """In a worker process: from its next task on, nothing of that. Returns whether this is a worker.

    A process that pyspark has not forked as a worker, or a pyspark that forks otherwise, is left as it is.
    """
    daemon = sys.modules["__main__"]
    serve = getattr(daemon, "worker", None)
    if getattr(getattr(daemon, "__spec__", None), "name", "") != "pyspark.daemon" or not callable(serve):
        return False
    # The archives of an application do not change while it runs.
    zipimport.zipimporter.invalidate_caches = lambda self: None  # type: ignore[method-assign]
    daemon.worker = _promptly(serve)  # type: ignore[attr-defined]
    return True


Batches = Iterator["pa.RecordBatch"]


def settled(work: Callable[[Batches], Batches]) -> Callable[["Iterable[pa.RecordBatch]"], Batches]:
    """`work` for `DataFrame.mapInArrow`, in a worker that is settled from then on."""
    return partial(_settle_and, work)


def _settle_and(work: Callable[[Batches], Batches], batches: "Iterable[pa.RecordBatch]") -> Batches:
    settle()
    return work(iter(batches))


def _promptly(serve: Callable[..., Any]) -> Callable[..., Any]:
    """Serving a task on a connection without the waits; a connection must be asked each time."""

    def serve_at_once(connection: socket.socket, *rest: Any) -> Any:
        gc.freeze()  # garbage has just been collected: the worker does so after each task
        if _QUICKACK is not None:
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        return serve(connection, *rest)

    return serve_at_once
