"""Which sockets listen for connections: looked for all the while that a run lasts, in all of its processes."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import psutil

_LOOK_SECONDS = 0.05
_LISTENS = "0A"  # in the kernel's table of sockets


@dataclass(frozen=True)
class Listening:
    """A socket of a process, by its address and port."""

    process: str
    address: str
    port: int

    @property
    def ip(self) -> IPv4Address | IPv6Address:
        """The address; Java writes those of version 4 as of version 6."""
        address = ip_address(self.address)
        return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address

    @property
    def on_loopback(self) -> bool:
        """Whether nobody outside this machine reaches it."""
        return self.ip.is_loopback


@contextmanager
def listeners_noted(pid: int | None = None) -> Iterator[set[Listening]]:
    """Every socket on which the process, by default this one, or one below it listens until the block ends."""
    found: set[Listening] = set()
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            sockets = listening_sockets()
            if new := sockets.keys() - seen:  # whose they are takes long to find out, and is asked once
                seen.update(new)
                owners = owners_of(pid or os.getpid())
                found.update(Listening(owners[inode], *sockets[inode]) for inode in new if inode in owners)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def listening_sockets() -> dict[str, tuple[str, int]]:
    """Address and port of every listening TCP socket of this machine, by its inode."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS:
                address, _, port = fields[1].partition(":")
                found[fields[9]] = (_readable(address), int(port, 16))
    return found


def _readable(address: str) -> str:
    """The kernel writes each four bytes of an address as one number in the machine's order."""
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    packed = b"".join(struct.pack("=I", word) for word in words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def owners_of(pid: int) -> dict[str, str]:
    """The command of the process that holds each socket, by inode, among the process and all below it."""
    owners: dict[str, str] = {}
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with suppress(psutil.Error, OSError):
                command = " ".join(process.cmdline())[-400:]
                for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                    with suppress(OSError):
                        target = str(descriptor.readlink())
                        if target.startswith("socket:["):
                            owners[target[8:-1]] = command
    return owners
