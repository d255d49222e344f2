"""Vectorised tasks: Spark schedules, retries and exchanges; inside a task Polars computes on whole columns.

A task gets names of files, not rows. What it hands on are compressed Arrow blobs, one for each bucket, which cross
between Python and the JVM as bytes; a second task gets all blobs of one bucket. Rows that cross one by one, and
sorting them by strings in the JVM, took several times as long.

Tasks leave files under names that no other attempt uses and return what they have written, so that an attempt
that failed, or lost a race against its own copy, has left something that nobody reads.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import polars as pl

from interest_spark.platform.python_worker import settle
from interest_spark.storage.buckets import bucket_number

if TYPE_CHECKING:
    from pyspark.rdd import RDD
    from pyspark.sql import SparkSession

T = TypeVar("T")
R = TypeVar("R")
N = TypeVar("N")

Split = Callable[[T], Iterable[Mapping[int, pl.DataFrame]]]
"""From one input to the rows that each bucket gets, piece by piece, so that a task holds one piece at a time."""

Combine = Callable[[int, list[pl.DataFrame]], Iterable[R]]
"""From a bucket and all frames it got, in the order of inputs and pieces, to what is returned."""

Prepare = Callable[[T], Iterable["pl.DataFrame | N"]]
"""From one input to frames, which stay where they are, and notes: small objects that the driver gets."""

Route = Callable[[pl.DataFrame], Mapping[int, pl.DataFrame]]
"""From a frame that was prepared to the rows that each bucket gets; the frame itself where one gets all."""

_Blob = tuple[int, int, bytes]  # place of the input, place of the piece, Arrow IPC


def exchange(
    spark: "SparkSession", inputs: Sequence[T], split: "Split[T]", buckets: int, combine: "Combine[R]"
) -> list[R]:
    """Split every input, bring the parts of each bucket together, combine each bucket; each in a task of its own.

    Returns what `combine` gives, in the order of buckets, which must be small: names of files. A bucket that got
    nothing is combined, too.
    """
    return _combined(_split(spark, inputs, 0, split), buckets, combine)


@dataclass(frozen=True)
class Prepared(Generic[N]):
    """What a first round of tasks has made: `notes`, in no order, and frames, which executors keep on their disks.

    With a second round that waits for the driver, what is found in all rows can decide what is done with each.
    """

    notes: Sequence[N]
    _spark: "SparkSession"
    _blobs: "RDD[_Blob]"

    def exchange(
        self, further: Sequence[T], split: "Split[T]", route: Route, buckets: int, combine: "Combine[R]"
    ) -> list[R]:
        """Like the function `exchange`, of `further` inputs and after them, bucket by bucket, of the frames."""

        def route_all(blobs: Iterable[_Blob]) -> Iterator[tuple[int, _Blob]]:
            for place, piece, blob in blobs:
                frame = from_blob(blob)
                for bucket, part in route(frame).items():
                    yield bucket, (place, piece, blob if part is frame else to_blob(part))

        parts = self._blobs.mapPartitions(route_all)
        if further:
            parts = _split(self._spark, further, -len(further), split).union(parts)
        return _combined(parts, buckets, combine)


@contextmanager
def prepared(spark: "SparkSession", inputs: Sequence[T], prepare: "Prepare[T, N]") -> "Iterator[Prepared[N]]":
    """Prepare every input in a task of its own; the frames are kept until the context is left."""
    from pyspark import StorageLevel

    def prepare_all(numbered: Iterable[tuple[int, T]]) -> Iterator[Any]:
        settle()
        for place, each in numbered:
            for piece, made in enumerate(prepare(each)):
                yield (place, piece, to_blob(made)) if isinstance(made, pl.DataFrame) else (made,)

    made = _numbered(spark, inputs, 0).mapPartitions(prepare_all).persist(StorageLevel.DISK_ONLY)
    try:
        notes = made.flatMap(lambda each: each if len(each) == 1 else ()).collect()
        yield Prepared(notes, spark, made.filter(lambda each: len(each) > 1))
    finally:
        made.unpersist()


def _numbered(spark: "SparkSession", inputs: Sequence[T], first: int) -> "RDD[tuple[int, T]]":
    return spark.sparkContext.parallelize(list(enumerate(inputs, start=first)), max(len(inputs), 1))


def _split(spark: "SparkSession", inputs: Sequence[T], first: int, split: "Split[T]") -> "RDD[tuple[int, _Blob]]":
    """The parts of each input by bucket; inputs are numbered from `first`."""

    def split_all(numbered: Iterable[tuple[int, T]]) -> Iterator[tuple[int, _Blob]]:
        settle()
        for place, each in numbered:
            for piece, frames in enumerate(split(each)):
                for bucket, frame in frames.items():
                    yield bucket, (place, piece, to_blob(frame))

    return _numbered(spark, inputs, first).mapPartitions(split_all)


def _combined(parts: "RDD[tuple[int, _Blob]]", buckets: int, combine: "Combine[R]") -> list[R]:
    def combine_bucket(bucket: int, blobs: Iterable[tuple[int, _Blob]]) -> Iterator[R]:
        settle()
        in_order = sorted((blob for _, blob in blobs), key=lambda blob: blob[:2])
        yield from combine(bucket, [from_blob(blob) for _, _, blob in in_order])

    return parts.partitionBy(buckets, int).mapPartitionsWithIndex(combine_bucket).collect()


def each_in_a_task(spark: "SparkSession", inputs: Sequence[T], work: "Callable[[T], Iterable[R]]") -> list[R]:
    """What `work` gives of every input, in their order, which must be small; each input in a task of its own."""
    if not inputs:
        return []

    def work_on(each: T) -> Iterable[R]:
        settle()
        return work(each)

    return spark.sparkContext.parallelize(inputs, len(inputs)).flatMap(work_on).collect()


def by_bucket(frame: pl.DataFrame, key: str, buckets: int) -> dict[int, pl.DataFrame]:
    """The frame's rows by the bucket that the hash of `key` names, in their order."""
    parts = frame.with_columns(bucket_number(key, buckets).alias("bucket")).partition_by(
        "bucket", include_key=False, as_dict=True
    )
    return {int(number): part for (number,), part in parts.items()}


def grouped_by_size(sizes: Sequence[int], limit: int) -> list[list[int]]:
    """The places of consecutive files that one task is to read: at least one, together up to `limit` bytes.

    >>> grouped_by_size([3, 3, 9, 1], 6)
    [[0, 1], [2], [3]]
    """
    groups: list[list[int]] = []
    room = 0
    for place, size in enumerate(sizes):
        if size > room:
            groups.append([])
            room = limit
        groups[-1].append(place)
        room -= size
    return groups


def to_blob(frame: pl.DataFrame) -> bytes:
    """The frame as compressed Arrow."""
    file = io.BytesIO()
    frame.write_ipc(file, compression="lz4")
    return file.getvalue()


def from_blob(blob: bytes) -> pl.DataFrame:
    """The frame of `to_blob`."""
    return pl.read_ipc(blob)
