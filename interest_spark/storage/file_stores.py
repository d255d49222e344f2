"""Files by URL, from Python: `s3://bucket/key` through obstore, `hdfs://host:port/path` through hdfs-native.

A file is written by one request and never renamed; in S3 it is there as a whole or not at all, in HDFS it is empty
until it is whole. Who a client is, the environment or the platform says; no key passes through here. fsspec's classes
of both libraries are not used: obstore's cuts names at `#` and `?`, and does not tell when an object was changed.
"""

import errno
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol

from interest_spark.foundation.credentials import without_credentials
from interest_spark.foundation.errors import BusyError, ConfigError
from interest_spark.foundation.temporary import CHECK_STORES, busy

SCHEMES = ("s3", "hdfs")
"""Of URLs that files are read from and written to."""

_CONNECT, _REQUEST = "5s", "60s"
_RETRIES = 4
_READ_AHEAD = 8 << 20  # a request costs as long as some megabytes take
_FIRST_READ = 1 << 20
_PART = 64 << 20  # of a file that is larger than that; all others are one request
_REFUSED = re.compile(r"NoSuchBucket|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|\b40[13] \w|InvalidToken")
_NO_KEYS = re.compile(r"169\.254\.169\.254|credentials", re.IGNORECASE)
_HDFS_REFUSED = re.compile(r"AccessControlException|Permission denied|SaslError|GSSAPI|InvalidToken")


@dataclass(frozen=True, order=True)
class StoredFile:
    """A file by its path in its store; `modified` is a text that changes with its content."""

    path: str
    size: int
    modified: str


class FileStore(Protocol):
    """The files of one bucket or one HDFS, by paths without a leading slash.

    All methods raise BusyError where the store does not answer, ConfigError where it refuses the client, and
    FileNotFoundError where there is no such file.
    """

    def list_files(self, folder: str, start: str = "") -> Iterator[StoredFile]:
        """All files below a folder, at any depth, whose paths below it begin so; none where there is no such folder.

        What comes after them is not listed, nor, in S3, what comes before.
        """

    def list_folder(self, folder: str) -> tuple[list[StoredFile], list[str]]:
        """The files in a folder itself, and the names of the folders in it."""

    def open(self, path: str, size: int | None = None) -> IO[bytes]:
        """A file to read and seek in; with its `size`, if that is known, a request is spared."""

    def read(self, path: str) -> bytes:
        """What a file holds."""

    def write(self, path: str, content: bytes | Path) -> None:
        """Make, or replace, a file from bytes or from a local file."""

    def delete(self, path: str) -> None:
        """Delete a file, if it is there."""


def is_url(place: str | os.PathLike[str]) -> bool:
    """Whether that names something in a store, not on this machine."""
    return "://" in os.fspath(place)


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
    return (_bucket(host) if scheme == "s3" else _hdfs(host)), path


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
            while block := stored.read(_READ_AHEAD):
                file.write(block)
        yield str(copy)


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


# S3 ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _bucket(name: str) -> "_Bucket":
    return _Bucket(name)


class _Bucket:
    def __init__(self, name: str) -> None:
        from obstore.store import S3Store

        endpoints = (os.environ.get(key, "") for key in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
        plain = any(endpoint.startswith("http://") for endpoint in endpoints)
        self._name = name
        self._store = S3Store(
            name,
            client_options={"connect_timeout": _CONNECT, "timeout": _REQUEST, "allow_http": plain},
            retry_config={"max_retries": _RETRIES},
        )

    def list_files(self, folder: str, start: str = "") -> Iterator[StoredFile]:
        import obstore

        prefix, wanted = _as_prefix(folder), f"{_as_prefix(folder) or ''}{start}"
        with self.translating(folder):
            # Listed is what comes after the offset, in the order of the names.
            for page in obstore.list(self._store, prefix, offset=wanted[:-1] if start else None):
                yield from (_of_object(found) for found in page if found["path"].startswith(wanted))
                if start and page and page[-1]["path"][: len(wanted)] > wanted:
                    return

    def list_folder(self, folder: str) -> tuple[list[StoredFile], list[str]]:
        import obstore

        with self.translating(folder):
            found = obstore.list_with_delimiter(self._store, _as_prefix(folder))
        names = [prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"]]
        return list(map(_of_object, found["objects"])), names

    def open(self, path: str, size: int | None = None) -> IO[bytes]:
        import obstore

        if size is None:
            with self.translating(path):
                size = obstore.head(self._store, path)["size"]
        return io.BufferedReader(_Reader(self, path, size), _READ_AHEAD)

    def read_range(self, path: str, start: int, length: int) -> Any:
        """Bytes of a file, which has that many."""
        import obstore

        with self.translating(path):
            return obstore.get_range(self._store, path, start=start, length=length)

    def read(self, path: str) -> bytes:
        import obstore

        with self.translating(path):
            return bytes(obstore.get(self._store, path).bytes())

    def write(self, path: str, content: bytes | Path) -> None:
        import obstore

        with self.translating(path):
            obstore.put(self._store, path, content, chunk_size=_PART, max_concurrency=2)

    def delete(self, path: str) -> None:
        import obstore

        with self.translating(path):
            obstore.delete(self._store, path)

    @contextmanager
    def translating(self, path: str) -> Iterator[None]:
        """What the library says of a request becomes an error that a user can act on."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            raise self._explained(error, f"s3://{self._name}/{path}") from None

    def _explained(self, error: Exception, url: str) -> Exception:
        text = str(error).partition("Debug source")[0]
        if found := _REFUSED.search(text):
            return ConfigError(
                f"{url} is refused ({found[0].strip()}); check the bucket's name, and that AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or the platform's role, may use it"
            )
        if isinstance(error, FileNotFoundError):
            return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), url)
        if _NO_KEYS.search(text):
            return ConfigError(
                f"{url} is not reached: there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                "give the machine a role"
            )
        return _away(url, text)


def _as_prefix(folder: str) -> str | None:
    return f"{folder.rstrip('/')}/" if folder else None


def _of_object(found: Any) -> StoredFile:
    modified = found["e_tag"] or found["last_modified"].isoformat()
    return StoredFile(found["path"], found["size"], modified)


# HDFS --------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _hdfs(address: str) -> "_Hdfs":
    return _Hdfs(address)


class _Hdfs:
    """One HDFS; where its nodes are and who the client is, `HADOOP_CONF_DIR`, `HADOOP_USER_NAME` and Kerberos say."""

    def __init__(self, address: str) -> None:
        from hdfs_native import Client

        self._url = f"hdfs://{address}"
        self._client = Client(self._url)

    def list_files(self, folder: str, start: str = "") -> Iterator[StoredFile]:
        wanted = f"{folder}/{start}" if folder else start
        try:
            with self.translating(folder):
                found = (_of_status(each) for each in self._client.list_status(f"/{folder}", True) if not each.isdir)
                yield from (each for each in found if each.path.startswith(wanted))
        except FileNotFoundError:
            return

    def list_folder(self, folder: str) -> tuple[list[StoredFile], list[str]]:
        try:
            with self.translating(folder):
                found = list(self._client.list_status(f"/{folder}", False))
        except FileNotFoundError:
            return [], []
        names = [each.path.rstrip("/").rpartition("/")[2] for each in found if each.isdir]
        return [_of_status(each) for each in found if not each.isdir], names

    def open(self, path: str, size: int | None = None) -> IO[bytes]:
        with self.translating(path):
            size = self._client.get_file_info(f"/{path}").length if size is None else size
        return io.BufferedReader(_Reader(self, path, size), _READ_AHEAD)

    def read_range(self, path: str, start: int, length: int) -> Any:
        """Bytes of a file, which has that many."""
        with self.translating(path):
            return self._client.read(f"/{path}").read_range(start, length)

    def read(self, path: str) -> bytes:
        with self.translating(path):
            content: bytes = self._client.read(f"/{path}").read()
        return content

    def write(self, path: str, content: bytes | Path) -> None:
        """The file has no length until it is whole."""
        from hdfs_native import WriteOptions

        with (
            self.translating(path),
            self._client.create(f"/{path}", WriteOptions(overwrite=True, create_parent=True)) as file,
        ):
            for block in _blocks(content):
                file.write(block)

    def delete(self, path: str) -> None:
        with self.translating(path):
            self._client.delete(f"/{path}", False)

    @contextmanager
    def translating(self, path: str) -> Iterator[None]:
        """What the library says of a call becomes an error that a user can act on."""
        try:
            yield
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{self._url}/{path}") from None
        except Exception as error:
            url, text = f"{self._url}/{path}", str(error)
            if found := _HDFS_REFUSED.search(text):
                raise ConfigError(
                    f"{url} is refused ({found[0]}); check HADOOP_CONF_DIR and that this user may use the folder"
                ) from None
            raise _away(url, text) from None


# Both --------------------------------------------------------------------------------------------


class _Reader(io.RawIOBase):
    """A stored file, for a buffer to read from; of the first part often a few bytes alone are wanted: it is small."""

    def __init__(self, store: "_Bucket | _Hdfs", path: str, size: int) -> None:
        self._store, self._path, self._size = store, path, size
        self._place, self._most = 0, _FIRST_READ

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def readall(self) -> bytes:
        start, self._place = self._place, max(self._size, self._place)
        return bytes(self._store.read_range(self._path, start, self._place - start)) if start < self._size else b""

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._most, max(self._size - self._place, 0))
        if length:
            buffer[:length] = self._store.read_range(self._path, self._place, length)
        self._place, self._most = self._place + length, _READ_AHEAD
        return length


def _of_status(found: Any) -> StoredFile:
    return StoredFile(found.path.lstrip("/"), found.length, str(found.modification_time))


def _blocks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while block := file.read(_READ_AHEAD):
            yield block


def _away(url: str, text: str) -> BusyError:
    line = " ".join(text.partition("\n")[0].split())
    return busy(f"{url} cannot be reached: {line:.200}", CHECK_STORES)
