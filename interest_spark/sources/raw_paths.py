"""What the path of raw files names: a place on this machine, or one on another file system by its URL.

The name of a file is data. fsspec reads more into a URL: after `::` in it, it would open another file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem


@dataclass(frozen=True)
class Place:
    """`path` as `filesystem` has it, None for this machine's; the two parts of a URL are `prefix + path`."""

    filesystem: Any
    prefix: str
    path: str


def place_of(url: str) -> Place:
    """The place of a path or URL, which may be a glob; only the part up to its first slash says where that is.

    Raises ImportError, ValueError or OSError for a file system that is unknown or not reached.
    """
    protocol, is_url, rest = url.partition("://")
    if not is_url or url.startswith("/"):
        return Place(None, "", _local_path(url))
    if protocol in LocalFileSystem.protocol:
        return Place(None, f"{protocol}://", _local_path(url))
    host, slash, below = rest.partition("/")
    filesystem, top = fsspec.core.url_to_fs(f"{protocol}://{host}")
    is_part_of_path = top.strip("/") or not host  # as a bucket is, and the address of a server is not
    return Place(filesystem, f"{protocol}://{'' if is_part_of_path else host}", f"{top}{slash}{below}")


@contextmanager
def open_raw(url: str) -> Iterator[IO[bytes]]:
    """Open a file by the path or URL that it is listed under. Raises OSError for one that cannot be opened."""
    place = place_of(url)
    is_local = place.filesystem is None
    with Path(place.path).open("rb") if is_local else place.filesystem.open(place.path, "rb") as opened:
        yield opened


def _local_path(url: str) -> str:
    path: str = LocalFileSystem._strip_protocol(url)  # also makes it absolute
    return path
