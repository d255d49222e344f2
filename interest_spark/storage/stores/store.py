"""What is asked of a store of files, and what all stores share."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from interest_spark.foundation.errors import BusyError
from interest_spark.foundation.temporary import CHECK_STORES, busy

READ_AHEAD = 8 << 20  # a request costs as long as some megabytes take
_FIRST_READ = 1 << 20


@dataclass(frozen=True, order=True)
class StoredFile:
    """A file by its path in its store; `modified` is a text that changes with its content.

    `written`: when that was, in seconds since 1970.
    """

    path: str
    size: int
    modified: str
    written: float


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


class RangeSource(Protocol):
    """A store of which parts of files can be read."""

    def read_range(self, path: str, start: int, length: int) -> Any:
        """Bytes of a file, which has that many."""


class StoredReader(io.RawIOBase):
    """A stored file, for a buffer to read from; of the first part often a few bytes alone are wanted: it is small."""

    def __init__(self, store: RangeSource, path: str, size: int) -> None:
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
        self._place, self._most = self._place + length, READ_AHEAD
        return length


def away(url: str, text: str) -> BusyError:
    """The error of a store that does not answer."""
    line = " ".join(text.partition("\n")[0].split())
    return busy(f"{url} cannot be reached: {line:.200}", CHECK_STORES)
