"""Whether a raw file is the one that was read although its time has changed, as after a copy or a restore.

What is known of a file is a text, `size time sha256`, by its path. Only files of this machine are looked at: stores
tell by a tag whether content has changed.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from interest_spark.foundation.errors import BadDataError
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.listing import list_file
from interest_spark.sources.raw_paths import open_raw, place_of

if TYPE_CHECKING:
    from pyspark import SparkContext

_BLOCK_BYTES = 1 << 20
_BYTES_ALONE = 64 << 20
"""So much is hashed in less time than a Spark job takes."""

Contents = Mapping[str, str]
"""`size time sha256` by path."""


def as_known(deliveries: Iterable[Delivery], known: Contents) -> list[Delivery]:
    """The deliveries, with the time that was known of those whose content is what it was then.

    A file is read for it only if it has the size that is known and another time.
    """
    return [_as_known(each, known[each.path]) if each.path in known else each for each in deliveries]


def contents_of(deliveries: Iterable[Delivery], start: "Callable[[], SparkContext]") -> dict[str, str]:
    """What is to be known of these files, which have just been read; much is hashed in tasks.

    Files that are other ones by now than those that were listed are left out.
    """
    local = sorted({each.path: each for each in deliveries if _is_local(each.path)}.values())
    if sum(each.size for each in local) <= _BYTES_ALONE:
        found: Iterable[tuple[str, str | None]] = map(_content, local)
    else:
        context = start()
        pieces = min(len(local), 8 * context.defaultParallelism)
        found = context.parallelize(local, pieces).map(_content).collect()  # some bytes a file
    return {path: content for path, content in found if content is not None}


def still_known(deliveries: Sequence[Delivery], known: Contents) -> dict[str, str]:
    """Of what is known that of these deliveries, as `as_known` gives them."""
    return {
        each.path: known[each.path]
        for each in deliveries
        if known.get(each.path, "").startswith(f"{each.size} {each.modified} ")
    }


def _as_known(delivery: Delivery, known: str) -> Delivery:
    size, modified, content = known.split()
    if int(size) != delivery.size or modified == delivery.modified or not _is_local(delivery.path):
        return delivery
    return replace(delivery, modified=modified) if _sha256(delivery.path) == content else delivery


def _content(delivery: Delivery) -> tuple[str, str | None]:
    content = _sha256(delivery.path)
    try:
        now = list_file(delivery.path)
    except BadDataError:  # a link whose target is gone by now
        now = None
    is_same = now is not None and (now.size, now.modified) == (delivery.size, delivery.modified)
    return delivery.path, f"{delivery.size} {delivery.modified} {content}" if is_same and content else None


def _sha256(path: str) -> str | None:
    """None for a file that cannot be read to its end."""
    found = hashlib.sha256()
    try:
        with open_raw(path) as raw:
            while block := raw.read(_BLOCK_BYTES):
                found.update(block)
    except OSError:
        return None
    return found.hexdigest()


def _is_local(path: str) -> bool:
    place = place_of(path)
    return place.store is None and place.filesystem is None
