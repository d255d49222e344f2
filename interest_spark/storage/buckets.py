"""Tables whose files hold the users of one bucket each, so that a later day finds them without an exchange.

A user's bucket is a hash of the id, which Polars keeps the same within a release only: a file's name says its bucket,
of how many, and by which hashing. Tables are carried on from files of the same hashing alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import gcd

import polars as pl
import pyarrow as pa

from interest_spark.storage.committed_files import read_committed
from interest_spark.storage.layout import BUCKET_FILE, NO_ROWS
from interest_spark.storage.table_schemas import file_schema

_PROBE = ("", "u1", "user-00000001", "用户", "a much longer id, of more bytes than one round of the hash takes in")


@dataclass(frozen=True)
class Bucket:
    """One of `count` buckets of users."""

    number: int
    count: int

    @property
    def file_name(self) -> str:
        """How the name of a file of the bucket begins."""
        return f"part-{self.number:05d}-of-{self.count:05d}-by-{hashing()}"


@cache
def hashing() -> str:
    """Names the hash of this release of Polars."""
    mixed = pl.Series(_PROBE).hash().to_list()
    return f"{sum(value * (place + 1) for place, value in enumerate(mixed)) % 2**32:08x}"


def bucket_number(key: str, count: int) -> pl.Expr:
    """The bucket of each value of the column `key`."""
    return (pl.col(key).hash() % count).cast(pl.Int32)


def bucket_count(files: Sequence[str]) -> int | None:
    """How many buckets all the files are in; None if this release cannot tell the bucket of each."""
    names = [BUCKET_FILE.search(file) for file in files if not file.endswith(NO_ROWS)]
    found = {(int(name[2]), name[3]) if name else None for name in names}
    kind = found.pop() if len(found) == 1 else None
    return kind[0] if kind and kind[1] == hashing() else None


def buckets_for(size: int, bytes_a_bucket: int) -> int:
    """How many buckets hold files of `size` bytes."""
    return max(-(-size // bytes_a_bucket), 1)


def buckets_to_go_on(earlier: Sequence[str], size: int, bytes_a_bucket: int) -> int | None:
    """As many as the earlier files have, or twice, four times … as many once these and what comes need them.

    `size`: the bytes of both. None if nobody can tell the buckets of the files.
    """
    count = bucket_count(earlier)
    while count and 2 * count < buckets_for(size, bytes_a_bucket):
        count *= 2
    return count


def read_bucket(table: str, files: Sequence[str], bucket: Bucket) -> pa.Table:
    """The rows of a bucket from files of any number of buckets, with all of the table's columns."""
    schema = file_schema(table)
    parts = [schema.empty_table()]
    for file in files:
        name = BUCKET_FILE.search(file)
        if name is None:
            assert file.endswith(NO_ROWS)
            continue
        number, count = int(name[1]), int(name[2])
        if (number - bucket.number) % gcd(count, bucket.count):
            continue  # no user is in both
        rows = read_committed(file, schema)
        if count != bucket.count:
            users = pl.from_arrow(rows.select(["user_id"]))
            assert isinstance(users, pl.DataFrame)
            rows = rows.filter(
                users.select(bucket_number("user_id", bucket.count) == bucket.number)["user_id"].to_arrow()
            )
        parts.append(rows)
    return pa.concat_tables(parts)
