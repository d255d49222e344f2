"""Whether two sets of files hold the same rows, told by the rows' contents, and for which keys they do not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.platform.tasks import by_bucket, exchange
from interest_spark.storage.parts import read_pieces

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SHOWN = 20
_SEEDS = (1, 2)


@dataclass(frozen=True)
class Differences:
    """How many keys were compared, how many differ, and some of these."""

    compared: int
    differing: int
    examples: tuple[str, ...]

    def __add__(self, other: "Differences") -> "Differences":
        """Both together."""
        examples = (*self.examples, *other.examples)[:_SHOWN]
        return Differences(self.compared + other.compared, self.differing + other.differing, examples)


NO_DIFFERENCES = Differences(0, 0, ())


@dataclass(frozen=True)
class Buckets:
    """Keys are in `count` buckets; looked at are those in the buckets `only`, if any are named."""

    count: int
    only: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Comparison:
    """Rows of the same `key` and day are compared, in any order."""

    key: str
    columns: tuple[str, ...]
    buckets: Buckets

    def split(self, side: tuple[int, Sequence[str]]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """The place of the side, and hashes of each row, by the bucket of their key."""
        place, files = side
        for file in files:
            day = file.rsplit("dt=", 1)[1].split("/", 1)[0]
            for rows in read_pieces(file, self.columns):
                hashed = rows.select(self.key, *_hashes(rows)).with_columns(day=pl.lit(day), side=pl.lit(place))
                parts, only = by_bucket(hashed, self.key, self.buckets.count), self.buckets.only
                yield {bucket: part for bucket, part in parts.items() if not only or bucket in only}

    def combine(self, bucket: int, rows: list[pl.DataFrame]) -> Iterator[Differences]:
        """What differs in a bucket."""
        if not rows:
            return
        contents = (
            pl.concat(rows).group_by("day", self.key, "side").agg(pl.len(), *(pl.col(_hash(s)).sum() for s in _SEEDS))
        )
        sides = contents.group_by("day", self.key).agg(
            equal=(pl.len() == 2) & (pl.struct("len", *map(_hash, _SEEDS)).n_unique() == 1)
        )
        wrong = sides.filter(~pl.col("equal")).sort("day", self.key)
        examples = [f"{key} on {day}" for day, key in wrong.head(_SHOWN).select("day", self.key).rows()]
        yield Differences(len(sides), len(wrong), tuple(examples))


def compare_files(
    spark: "SparkSession", comparison: Comparison, left: Sequence[str], right: Sequence[str]
) -> Differences:
    """What differs between the rows of the files of two sides."""
    inputs = [(place, [file]) for place, files in enumerate((left, right)) for file in files]
    found = exchange(spark, inputs, comparison.split, comparison.buckets.count, comparison.combine)
    return sum(found, NO_DIFFERENCES)


def _hash(seed: int) -> str:
    return f"hash_{seed}"


def _hashes(rows: pl.DataFrame) -> list[pl.Expr]:
    """Of all columns of each row: 128 bits."""
    text = pl.concat_str([_text(name, kind) for name, kind in rows.schema.items()], separator="\0")
    return [text.hash(seed).alias(_hash(seed)) for seed in _SEEDS]


def _text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.List):
        column = column.list.eval(pl.element().to_physical().cast(pl.String).fill_null("null")).list.join(",")
        return pl.concat_str(pl.lit("["), column).fill_null("null")
    return column.to_physical().cast(pl.String).fill_null("null")
