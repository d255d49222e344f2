"""Files by URL, from Python: `s3://bucket/key` and `hdfs://host:port/path`, or a path on this machine.

A file is written by one request and never renamed. Who a client is, the environment or the platform says; no key passes
through here.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from interest_spark.foundation.credentials import without_credentials
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.locations import is_url
from interest_spark.storage.stores.hdfs import hdfs
from interest_spark.storage.stores.s3 import bucket
from interest_spark.storage.stores.store import READ_AHEAD, FileStore

SCHEMES = ("s3", "hdfs")
"""Of URLs that files are read from and written to."""


def store_of(url: str) -> tuple[FileStore, str]:
    """The store that a URL names, and the path in it. Raises ConfigError for a URL that names none."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if scheme not in SCHEMES:
        known = " or ".join(f"{each}://" for each in SCHEMES)
        raise ConfigError(f"{without_credentials(url)!r} is in no store that is known; use {known}")
    if "@" in host or not host:
        what = "holds a user or a password" if host else f"names no {'bucket' if scheme == 's3' else 'host'}"
        raise ConfigError(f"{without_credentials(url)!r} {what}; give keys to the environment, and a plain URL")
    return (bucket(host) if scheme == "s3" else hdfs(host)), path


@contextmanager
def local_copy(place: str) -> Iterator[str]:
    """A path on this machine that holds the file: its own, or, while the context lasts, that of a private copy."""
    if not is_url(place):
        yield place
        return
    store, path = store_of(place)
    with tempfile.TemporaryDirectory(prefix="interest-copy-") as folder:
        copy = Path(folder) / path.rpartition("/")[2]
        with copy.open("wb") as file, store.open(path) as stored:
            while block := stored.read(READ_AHEAD):
                file.write(block)
        yield str(copy)


@contextmanager
def readable(place: str, size: int | None = None) -> Iterator[str | IO[bytes]]:
    """What Arrow reads a file from: its path on this machine, or a stored file opened, of which parts are fetched.

    With the file's `size`, if that is known, a request is spared.
    """
    if not is_url(place):
        yield place
        return
    store, path = store_of(place)
    with store.open(path, size) as file:
        yield file


@contextmanager
def local_draft(place: str) -> Iterator[str]:
    """A path on this machine to write a file at, which is stored once the context ends without an exception.

    A file that is to lie on this machine is written where it is to lie; its folder is made.
    """
    if not is_url(place):
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        yield place
        return
    store, path = store_of(place)
    with tempfile.TemporaryDirectory(prefix="interest-draft-") as folder:
        draft = Path(folder) / path.rpartition("/")[2]
        yield str(draft)
        store.write(path, draft)
