"""Where folders and files lie: on this machine, or in a store, named by a URL such as `s3://bucket/folder`."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Url:
    """A folder or a file in a store; what a Path offers of names alone, it offers, too.

    >>> Url("s3://shop/warehouse/") / "events" / "run-7/part-0.parquet"
    Url(text='s3://shop/warehouse/events/run-7/part-0.parquet')
    """

    text: str

    def __post_init__(self) -> None:
        scheme, _, rest = self.text.partition("://")
        object.__setattr__(self, "text", f"{scheme}://{rest.rstrip('/')}")

    def __truediv__(self, below: str) -> "Url":
        return Url(f"{self.text}/{below}")

    def __str__(self) -> str:
        return self.text

    def __fspath__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.text.rpartition("/")[2]

    @property
    def parent(self) -> "Url":
        """What it lies in."""
        return Url(self.text.rpartition("/")[0])

    @property
    def is_whole_store(self) -> bool:
        """Whether it is a bucket or a file system itself, which lies in nothing.

        >>> Url("s3://shop").is_whole_store, Url("s3://shop/warehouse").is_whole_store
        (True, False)
        """
        return "/" not in self.text.partition("://")[2]

    def absolute(self) -> "Url":
        """Itself: a URL depends on no current folder."""
        return self


Location = Path | Url


def location(place: str | os.PathLike[str]) -> Location:
    """The folder or file that is named so.

    >>> location("run/warehouse"), location("hdfs://node:8020/shop")
    (PosixPath('run/warehouse'), Url(text='hdfs://node:8020/shop'))
    """
    if isinstance(place, Path | Url):
        return place
    text = os.fspath(place)
    return Url(text) if "://" in text else Path(text)


def is_url(place: str | os.PathLike[str]) -> bool:
    """Whether that names something in a store, not on this machine."""
    return "://" in os.fspath(place)
