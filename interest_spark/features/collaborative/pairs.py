"""How strongly items share users, counted by vectorised tasks over the files of a day's `sequences`.

With R the users' weights of items, float[users, items], all that is asked for is its Gram matrix G = R'R: G[j, i] is
how much of both items their users have in common, G[j, j] how much of j there is. Tasks count pairs within pieces of
users, one exchange brings the rows of an item together, and each task of the second round ends some rows of G: either
as they are, or cut to each item's best neighbours. The pairs of one user number the square of the items that
`last_items` leaves of the history: that, and not the length of histories, bounds what is exchanged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from interest_spark.features.collaborative.interactions import InteractionRule, Interactions, interactions
from interest_spark.platform.tasks import exchange
from interest_spark.storage.parts import read_columns, read_pieces, write_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_USERS_A_PIECE = 50_000
_PAIRS_A_PIECE = 1 << 24  # a few hundred megabytes while they are added up


@dataclass(frozen=True)
class PairCount:
    """What tasks need: the files of `sequences`, how events weigh at the instant `now` (microseconds since 1970), in
    how many `buckets` of items the rows are ended, and the folder that they write to.
    """

    files: tuple[str, ...]
    rule: InteractionRule
    now: int
    buckets: int
    folder: str

    def own_weights(self, spark: "SparkSession") -> tuple[list[str], int]:
        """Files of `item_index, own`, the diagonal of G, with one row an item; and how many items there are."""
        written = exchange(spark, self.files, self._split_own, self.buckets, self._end_own)
        return [path for path, _ in written], sum(items for _, items in written)

    def neighbours(
        self, spark: "SparkSession", own: Sequence[str], count: int, similarity: Literal["cosine", "conditional"]
    ) -> list[str]:
        """Files of `item_index, neighbour, similarity`: of each item the `count` others of the largest similarity,
        best first, ties by number.

        cosine: G[j, i] / sqrt(G[j, j] G[i, i]); conditional: G[j, i] / G[j, j], which with weights of 1 is the share
        of the item's users who used the neighbour. `own`: the files of `own_weights`.
        """

        def end(bucket: int, parts: list[pl.DataFrame]) -> Iterator[str]:
            pairs = _summed(parts).filter(pl.col("item_index") != pl.col("neighbour"))
            if len(pairs):
                yield self._write("neighbours", _best(pairs, _read_own(own), count, similarity))

        return exchange(spark, self.files, self._split_pairs, self.buckets, end)

    def gram(self, spark: "SparkSession") -> list[str]:
        """Files of `item_index, neighbour, together`: every entry of G that is not zero, the diagonal included."""

        def end(bucket: int, parts: list[pl.DataFrame]) -> Iterator[str]:
            if parts:
                yield self._write("gram", _summed(parts))

        return exchange(spark, self.files, self._split_pairs, self.buckets, end)

    def _split_own(self, file: str) -> Iterator[dict[int, pl.DataFrame]]:
        for found in self._interactions(file):
            item, place = np.unique(found.item, return_inverse=True)
            own = np.bincount(place, weights=found.weight**2, minlength=len(item))
            yield self._by_item(pl.DataFrame({"item_index": item, "own": own}))

    def _end_own(self, bucket: int, parts: list[pl.DataFrame]) -> Iterator[tuple[str, int]]:
        if parts:
            own = pl.concat(parts).group_by("item_index", maintain_order=True).agg(pl.col("own").sum())
            yield self._write("own", own.sort("item_index")), len(own)

    def _split_pairs(self, file: str) -> Iterator[dict[int, pl.DataFrame]]:
        for found in self._interactions(file):
            for part in _pieces_of_pairs(found):
                yield self._by_item(gram_of(part))

    def _interactions(self, file: str) -> Iterator[Interactions]:
        for piece in read_pieces(file, self.rule.lists, _USERS_A_PIECE):
            yield interactions(piece.to_arrow(), self.rule, self.now)

    def _by_item(self, rows: pl.DataFrame) -> dict[int, pl.DataFrame]:
        parts = rows.with_columns(bucket=pl.col("item_index") % self.buckets).partition_by(
            "bucket", include_key=False, as_dict=True
        )
        return {int(bucket): part for (bucket,), part in parts.items()}

    def _write(self, what: str, rows: pl.DataFrame) -> str:
        return write_rows(f"{self.folder}/{what}", rows)


def gram_of(found: Interactions) -> pl.DataFrame:
    """`item_index, neighbour, together` of the pairs of items that these interactions have a user in common for."""
    from scipy.sparse import csr_array  # in tasks alone: no command is to wait for it

    items, columns = np.unique(found.item, return_inverse=True)
    owners, rows = np.unique(found.owner, return_inverse=True)
    weights = csr_array((found.weight, (rows, columns)), shape=(len(owners), len(items)))
    together = (weights.T @ weights).tocoo()
    return pl.DataFrame(
        {"item_index": items[together.row], "neighbour": items[together.col], "together": together.data},
        schema={"item_index": pl.Int32, "neighbour": pl.Int32, "together": pl.Float64},
    )


def _pieces_of_pairs(found: Interactions) -> Iterator[Interactions]:
    """Interactions of whole users, so many that the sums of their pairs number at most _PAIRS_A_PIECE, unless one
    user's do: in a small catalogue all are summed up at once, and a large one is not met by all of its pairs.
    """
    if len(np.unique(found.item)) ** 2 <= _PAIRS_A_PIECE:
        yield found
        return
    lengths = np.bincount(found.owner)
    number = (np.cumsum(lengths.astype(np.int64) ** 2) // _PAIRS_A_PIECE)[found.owner]
    for each in np.unique(number):
        yield found.filter(number == each)


def _summed(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The pairs in the order of their numbers, each once."""
    if not parts:
        return gram_of(Interactions(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0)))
    pairs = pl.concat(parts).group_by("item_index", "neighbour", maintain_order=True).agg(pl.col("together").sum())
    return pairs.sort("item_index", "neighbour")


def _read_own(files: Sequence[str]) -> pl.DataFrame:
    return read_columns(files, item_index=pl.Int32, own=pl.Float64)


def _best(pairs: pl.DataFrame, own: pl.DataFrame, count: int, similarity: str) -> pl.DataFrame:
    """Rows of `neighbours` from pairs of different items."""
    measured = pairs.join(own, on="item_index", how="inner")
    scale = pl.col("own")
    if similarity == "cosine":
        of_neighbour = own.rename({"item_index": "neighbour", "own": "own_of_neighbour"})
        measured = measured.join(of_neighbour, on="neighbour", how="inner")
        scale = (pl.col("own") * pl.col("own_of_neighbour")).sqrt()
    measured = measured.select("item_index", "neighbour", similarity=(pl.col("together") / scale).cast(pl.Float32))
    ordered = measured.sort("item_index", "similarity", "neighbour", descending=[False, True, False])
    return ordered.group_by("item_index", maintain_order=True).head(count)
