"""Sums that add up: `what, label, count` of parts of a day, made file by file and put together in one task."""

import polars as pl

_SUMS = {"what": pl.String(), "label": pl.String(), "count": pl.Int64()}

LABELS = 20
"""Labels that have a figure of their own, the most frequent ones: texts of a log may be anything."""
SHARES = 200
"""Labels whose shares are followed one by one, in the same way."""


_LONGEST = 100


class Sums:
    """Sums of all parts, added up."""

    def __init__(self, parts: pl.DataFrame) -> None:
        self._sums = parts.group_by("what", "label").agg(pl.col("count").sum())

    def frame(self, what: str) -> pl.DataFrame:
        """`label, count`, in no order."""
        return self._sums.filter(pl.col("what") == what).select("label", "count")

    def of(self, what: str) -> dict[str, int]:
        """Counts by label, in the order of labels."""
        return dict(sorted(self.frame(what).iter_rows()))

    def total(self, what: str) -> int:
        """The sum over all labels."""
        return int(self.frame(what)["count"].sum())

    def largest(self, what: str, most: int = LABELS) -> list[tuple[str, int]]:
        """The most frequent labels with their counts, in the order of labels."""
        return largest(self.frame(what), most)


def no_sums() -> pl.DataFrame:
    """Sums of nothing."""
    return pl.DataFrame(schema=_SUMS)


def counted(what: str, labels: pl.Series) -> pl.DataFrame:
    """How often each label is there; nulls are not counted."""
    found = labels.drop_nulls().alias("label").value_counts(name="count")
    return summed(what, found["label"], found["count"])


def summed(what: str, labels: pl.Series, counts: pl.Series) -> pl.DataFrame:
    """Sums with these labels and counts."""
    frame = pl.DataFrame({"label": labels, "count": counts})
    return frame.select(what=pl.lit(what), label="label", count="count").cast(_SUMS)  # type: ignore[arg-type]


def named(family: str, label: str) -> str:
    """The figure of a label; a text of a log may be long.

    >>> named("platform", "web")
    'platform:web'
    """
    return f"{family}:{label[:_LONGEST]}"


def largest(counts: pl.DataFrame, most: int = LABELS) -> list[tuple[str, int]]:
    """Of a frame of label and count the most frequent labels, in the order of labels."""
    label, count = counts.columns
    found = counts.drop_nulls(label).sort(count, label, descending=[True, False]).head(most)
    return sorted(found.iter_rows())
