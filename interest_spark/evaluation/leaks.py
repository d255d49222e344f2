"""What a day's lists cannot have known: each is looked for before they are judged, and refused.

A list that knows the future scores better than any that will ever be served, and nothing in its figures tells. So
what the lists were made from is held against the day at whose end they are said to be made, the cutoff.
"""

from typing import TYPE_CHECKING

from interest_spark.foundation.errors import BadDataError

if TYPE_CHECKING:
    from datetime import datetime

    from pyspark.sql import DataFrame

_ANEW = "make it anew with `interest {} --day {} --force` from what that day had"


def check_model(version: str, trained_through: str, cutoff: str) -> None:
    """Raise BadDataError if the model behind the lists has learnt from days that judge it."""
    if trained_through > cutoff:
        raise BadDataError(
            f"leak: model {version} was trained through {trained_through}, so it has learnt events that judge the "
            f"suggestions of {cutoff}; {_ANEW.format('train', cutoff)} and score again"
        )


def check_histories(sequences: "DataFrame", end: "datetime", cutoff: str) -> None:
    """Raise BadDataError if a history of the cutoff holds an event of after its `end`, a UTC instant."""
    from pyspark.sql import functions as F

    newest = sequences.select(F.max(F.array_max("event_time"))).first()
    if newest is not None and newest[0] is not None and newest[0].astimezone(end.tzinfo) >= end:
        raise BadDataError(
            f"leak: a history of {cutoff} holds an event of {newest[0].astimezone(end.tzinfo).isoformat()}, after that "
            f"day's end, so the suggestions follow from events that judge them; {_ANEW.format('sequences', cutoff)}"
        )


def check_lists(recommendations: "DataFrame", vocab: "DataFrame", events: "DataFrame", cutoff: str) -> None:
    """Raise BadDataError if the lists hold an item that nobody could know: the list was made later.

    An item of a day that was filled in later has its number since then and an event of before: it is no leak.
    """
    from pyspark.sql import functions as F

    later = vocab.where(F.col("first_day") > cutoff).select("item_id", "first_day")
    suggested = recommendations.select("item_id").join(F.broadcast(later), "item_id", how="inner").distinct()
    unknown = suggested.join(events.select("item_id"), "item_id", how="left_anti").orderBy("item_id").first()
    if unknown is not None:
        raise BadDataError(
            f"leak: the suggestions of {cutoff} hold item {unknown['item_id']!r}, first seen on "
            f"{unknown['first_day']}: they were made after the events that judge them; {_ANEW.format('score', cutoff)}"
        )


def check_popularity(popularity: "DataFrame", counts: "DataFrame", cutoff: str) -> None:
    """Raise BadDataError if popularity counts more events of an item than there were by the cutoff.

    counts: rows of `item_days`, of the days and behaviors that popularity counts; without any nothing is checked.
    """
    from pyspark.sql import functions as F

    if counts.isEmpty():
        return
    most = counts.groupBy("item_id").agg(F.sum("events").alias("most"))
    counted = popularity.join(most, "item_id", how="left").where(F.col("events") > F.coalesce("most", F.lit(0)))
    found = counted.select("item_id", "events", F.coalesce("most", F.lit(0)).alias("most")).orderBy("item_id").first()
    if found is not None:
        raise BadDataError(
            f"leak: popularity of {cutoff} counts {found['events']:,} events of item {found['item_id']!r}, and there "
            f"were {found['most']:,} by then; {_ANEW.format('sequences', cutoff)}, and score again"
        )
