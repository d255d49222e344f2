"""What the path of raw files names: a place on this machine, or one in a store or on another file system by its URL.

The name of a file is data. fsspec, which knows file systems beside those of `file_stores`, reads more into a URL: after
`::` in it, it would open another file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from interest_spark.storage.file_stores import SCHEMES, store_of
from interest_spark.storage.stores.store import FileStore


@dataclass(frozen=True)
class Place:
    """`path` as `store` or `filesystem` has it, one of fsspec's, and where both are None this machine.

    The two parts of a URL are `prefix + path`.
    """

    prefix: str
    path: str
    store: FileStore | None = None
    filesystem: Any = None


def place_of(url: str) -> Place:
    """The place of a path or URL, which may be a glob; only the part up to its first slash says where that is.

    Raises ImportError, ValueError or OSError for a file system that is unknown or not reached, ConfigError for a URL
    of a store that names none.
    """
    protocol, is_url, rest = url.partition("://")
    if not is_url or url.startswith("/"):
        return Place("", _local_path(url))
    if protocol in LocalFileSystem.protocol:
        return Place(f"{protocol}://", _local_path(url))
    if protocol in SCHEMES:
        store, path = store_of(url)
        return Place(url.removesuffix(path), path, store)
    host, slash, below = rest.partition("/")
    filesystem, top = fsspec.core.url_to_fs(f"{protocol}://{host}")
    is_part_of_path = top.strip("/") or not host  # as a bucket is, and the address of a server is not
    prefix = f"{protocol}://{'' if is_part_of_path else host}"
    return Place(prefix, f"{top}{slash}{below}", filesystem=filesystem)


@contextmanager
def open_raw(url: str, size: int | None = None) -> Iterator[IO[bytes]]:
    """Open a file by the path or URL that it is listed under; its `size`, where that is known, spares a request.

    Raises OSError for one that cannot be opened, BusyError for a store that is away.
    """
    place = place_of(url)
    with _opened(place, size) as opened:
        yield opened


def _opened(place: Place, size: int | None) -> Any:
    if place.store is not None:
        return place.store.open(place.path, size)
    if place.filesystem is not None:
        return place.filesystem.open(place.path, "rb")
    return Path(place.path).open("rb")


def _local_path(url: str) -> str:
    path: str = LocalFileSystem._strip_protocol(url)  # also makes it absolute
    return path
