"""Files in S3, through obstore: a file is written by one request, and is there as a whole or not at all.

obstore's fsspec class is not used: it cuts names at `#` and `?`, and does not tell when an object was changed.
"""

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

_CONNECT, _REQUEST = "5s", "60s"
LIMITS = {"connect_timeout": _CONNECT, "timeout": _REQUEST}
"""How long a client of S3 waits, for all libraries that are one."""
_RETRIES = 4
_PART = 64 << 20  # of a file that is larger than that; all others are one request
_REFUSED = re.compile(r"NoSuchBucket|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|\b40[13] \w|InvalidToken")
_NO_KEYS = re.compile(r"169\.254\.169\.254|credentials", re.IGNORECASE)


def has_plain_endpoint() -> bool:
    """Whether the environment names a server of S3 that is to be spoken to without TLS."""
    endpoints = (os.environ.get(key, "") for key in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"))
    return any(endpoint.startswith("http://") for endpoint in endpoints)


@lru_cache(maxsize=16)
def bucket(name: str) -> "_Bucket":
    """The bucket of that name; who asks, the environment says when it is first asked for."""
    return _Bucket(name)


class _Bucket:
    def __init__(self, name: str) -> None:
        from obstore.store import S3Store

        self._name = name
        self._store = S3Store(
            name,
            client_options={"connect_timeout": _CONNECT, "timeout": _REQUEST, "allow_http": has_plain_endpoint()},
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
        return io.BufferedReader(StoredReader(self, path, size), READ_AHEAD)

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
        return away(url, text)


def _as_prefix(folder: str) -> str | None:
    return f"{folder.rstrip('/')}/" if folder else None


def _of_object(found: Any) -> StoredFile:
    modified = found["e_tag"] or found["last_modified"].isoformat()
    return StoredFile(found["path"], found["size"], modified, found["last_modified"].timestamp())
