"""What the publishing gate measures: sums over suggestions, and the figures of a day's lists from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from interest_spark.features.gates.judge import Measured
from interest_spark.features.gates.sums import Sums, counted, named, no_sums, summed

LIST_COLUMNS = ("user_id", "rank", "item_id", "score", "source")
"""What is looked at, of `recommendations`."""
UNSERVED_COLUMNS = ("reason", "rows")
"""And of `unserved`."""

_MODEL, _MACHINE = "model", "bot"
_BINS = 4
"""Of scores, between one power of two and the next."""


@dataclass(frozen=True)
class ListRules:
    """`k` suggestions make a whole list; the lists of one user in `sample` are compared with the last ones."""

    k: int
    sample: int = 1


def sum_lists(rows: pl.DataFrame, rules: ListRules) -> pl.DataFrame:
    """Sums of some of a day's suggestions, which have LIST_COLUMNS."""
    first, last = (int((rows["rank"] == rank).sum()) for rank in (1, rules.k))
    scores = rows.filter(pl.col("source") == _MODEL)["score"]
    parts = [
        summed("lists", pl.Series([""]), pl.Series([first])),
        summed("whole", pl.Series([""]), pl.Series([last])),
        counted("source", rows["source"]),
        counted("item", rows["item_id"]),
        counted("score", _binned(scores)),
        counted("pair", _pairs(rows, rules)),
    ]
    return pl.concat(parts)


def sum_last_lists(rows: pl.DataFrame, rules: ListRules) -> pl.DataFrame:
    """Sums of some of the last lists before."""
    return counted("last pair", _pairs(rows, rules))


def sum_unserved(rows: pl.DataFrame) -> pl.DataFrame:
    """Sums of some of those users who are `unserved`: reason and number of rows."""
    nothing = rows.filter((pl.col("rows") == 0) & (pl.col("reason") != _MACHINE))
    return summed("without", pl.Series([""]), pl.Series([len(nothing)]))


def measure_lists(sums: Sequence[pl.DataFrame], known_items: int) -> Iterator[Measured]:
    """The figures of a day's lists from the sums of all files; `known_items` had events lately."""
    found = Sums(pl.concat([no_sums(), *sums]))
    lists, without = found.total("lists"), found.total("without")
    yield Measured("lists", lists, lists)
    if lists + without:
        yield Measured("without_list", without / (lists + without), lists + without)
    if not lists:
        return
    items = found.frame("item")
    suggestions = int(items["count"].sum())
    yield Measured("short_lists", 1 - found.total("whole") / lists, lists)
    for source, count in found.largest("source"):
        yield Measured(named("list_source", source), count / suggestions, suggestions)
    yield Measured("coverage", len(items) / max(known_items, len(items)), lists)
    yield Measured("top_item", int(items["count"].max() or 0) / lists, lists)  # type: ignore[arg-type]
    if scores := found.of("score"):
        yield Measured("drift:score", 0.0, sum(scores.values()), scores)
    yield from _overlap(found)


def _overlap(found: Sums) -> Iterator[Measured]:
    """Of users who had a list before, the share of suggestions that stayed."""
    now, last = (_by_user(found.frame(what)) for what in ("pair", "last pair"))
    both = now.join(last.select("user").unique(), on="user", how="semi")
    if len(both):
        stayed = both.join(last, on=["user", "item"], how="semi")
        yield Measured("overlap", len(stayed) / len(both), len(both))


def _by_user(pairs: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("label").str.split_exact("\0", 1).struct
    return pairs.select(user=parts.field("field_0"), item=parts.field("field_1"))


def _pairs(rows: pl.DataFrame, rules: ListRules) -> pl.Series:
    """User and item as one text; a NUL, which ids of readers never have, lies between."""
    followed = rows.filter(pl.col("user_id").hash() % rules.sample == 0)
    return followed.select(pl.concat_str("user_id", "item_id", separator="\0")).to_series()


def _binned(scores: pl.Series) -> pl.Series:
    """Scores by sign and logarithm: those of another training may be of another size altogether."""
    return (scores.sign() * ((1 + scores.abs()).log(2) * _BINS).floor()).cast(pl.Int64).cast(pl.String)
