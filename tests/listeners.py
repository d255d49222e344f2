"""Which sockets listen for connections: looked for all the while that a run lasts, in all of its processes."""

import ipaddress
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Listening:
    """A socket of a process, by its address without the port."""

    process: str
    address: str

    @property
    def on_loopback(self) -> bool:
        """Whether nobody outside this machine reaches it."""
        address = ipaddress.ip_address(self.address)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback


def listening_now(pid: int) -> set[Listening]:
    """The listening sockets of a process and of all below it."""
    found: set[Listening] = set()
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with suppress(psutil.Error):
                command = " ".join(process.cmdline())[-120:]
                for each in process.net_connections("tcp"):
                    if each.status == psutil.CONN_LISTEN:
                        found.add(Listening(command, each.laddr.ip))
    return found


@contextmanager
def listeners_noted(pid: int | None = None) -> Iterator[set[Listening]]:
    """Every socket on which the process, by default this one, or one below it listens until the block ends."""
    found: set[Listening] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            found.update(listening_now(pid or os.getpid()))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
