"""The key `warehouse` of the configuration."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import PlainSerializer, PlainValidator

from interest_spark.foundation.credentials import without_credentials
from interest_spark.foundation.locations import Location, Url, location

_SCHEMES = ("hdfs", "s3")


def _place(given: Any) -> Location:
    """A folder, or a URL that says where and nothing of who comes."""
    place = location(given) if isinstance(given, str | Url) else given
    if not isinstance(place, Location):
        raise ValueError("name a folder, or a URL: hdfs://host:port/folder or s3://bucket/folder")
    if isinstance(place, Url):
        _check(place)
    return place


def _check(url: Url) -> None:
    scheme, rest = urlsplit(url.text).scheme, url.text.partition("://")[2]
    host = rest.partition("/")[0]
    if scheme not in _SCHEMES:
        known = " or ".join(f"{each}://" for each in _SCHEMES)
        raise ValueError(f"{without_credentials(url.text)!r} is in no store that is known; use a folder, {known}")
    if not host or "@" in host:
        what = "holds a user or a password" if host else f"names no {'bucket' if scheme == 's3' else 'host'}"
        raise ValueError(f"{without_credentials(url.text)!r} {what}; give keys to the environment, and a plain URL")
    if any(sign in rest for sign in "?#%"):
        raise ValueError(f"{without_credentials(url.text)!r} has one of ? # % in it; name a folder without them")


WarehousePlace = Annotated[Location, PlainValidator(_place), PlainSerializer(str, return_type=str)]
"""A folder that all nodes see, or a URL of a store."""
