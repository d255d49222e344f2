"""Files in HDFS, through hdfs-native: a file is empty until it is whole."""

import errno
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from interest_spark.foundation.errors import ConfigError
from interest_spark.storage.stores.store import READ_AHEAD, StoredFile, StoredReader, away

_REFUSED = re.compile(r"AccessControlException|Permission denied|SaslError|GSSAPI|InvalidToken")


@lru_cache(maxsize=4)
def hdfs(address: str) -> "_Hdfs":
    """The HDFS at that address; who asks, the environment says when it is first asked for."""
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
        return io.BufferedReader(StoredReader(self, path, size), READ_AHEAD)

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
            if found := _REFUSED.search(text):
                raise ConfigError(
                    f"{url} is refused ({found[0]}); check HADOOP_CONF_DIR and that this user may use the folder"
                ) from None
            raise away(url, text) from None


def _of_status(found: Any) -> StoredFile:
    milliseconds = found.modification_time
    return StoredFile(found.path.lstrip("/"), found.length, str(milliseconds), milliseconds / 1000.0)


def _blocks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while block := file.read(READ_AHEAD):
            yield block
