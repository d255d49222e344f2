"""Whom each audience is made of: people by condition and permission, then capped, some of them held out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from interest_spark.applications.addressees import HASH_DIGITS
from interest_spark.applications.audiences.conditions import columns_of, holds, interests_of, with_interests
from interest_spark.config.audiences import AudienceConfig, Cap, HoldOut

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

MATCHED, OPTED_OUT, WITHOUT_CONSENT = "matched", "opted_out", "without_consent"
_COUNTED = (MATCHED, OPTED_OUT, WITHOUT_CONSENT)


@dataclass(frozen=True)
class Permissions:
    """Users who must not be addressed, and those who may be; `consents` None: nobody needs to have agreed."""

    opt_outs: "DataFrame | None"
    consents: "DataFrame | None"

    def of(self, people: "DataFrame") -> "DataFrame":
        """The people with the columns OPTED_OUT and WITHOUT_CONSENT; an opt-out counts above a consent."""
        from pyspark.sql import functions as F

        for name, users in ((OPTED_OUT, self.opt_outs), ("consented", self.consents)):
            if users is None:
                people = people.withColumn(name, F.lit(name == "consented"))
                continue
            listed = users.select("user_id").distinct().withColumn(name, F.lit(True))
            people = people.join(listed, "user_id", how="left").withColumn(name, F.coalesce(name, F.lit(False)))
        without = ~F.col(OPTED_OUT) & ~F.col("consented")
        return people.withColumn(WITHOUT_CONSENT, without).drop("consented")


def matching(
    features: "DataFrame", profiles: "DataFrame", groups: Sequence[AudienceConfig], permissions: Permissions
) -> "DataFrame":
    """Everybody's id, permissions, and by place whether each audience's condition holds of them."""
    from pyspark.sql import functions as F

    conditions = [each.condition for each in groups]
    given = [each for each in conditions if each is not None]
    interests = interests_of(given)
    people = with_interests(features.select("user_id", *columns_of(given)), profiles, interests)
    found = [
        (F.lit(True) if each is None else holds(each, interests)).alias(holding(place))
        for place, each in enumerate(conditions)
    ]
    return permissions.of(people.select("user_id", *found))


def holding(place: int) -> str:
    """The column of `matching` of the audience at that place."""
    return f"holds {place}"


def count_matching(people: "DataFrame", places: Sequence[int]) -> list[dict[str, int]]:
    """How many people each audience's condition holds of, and who of these must not be addressed, by place."""
    from pyspark.sql import functions as F

    def counted(held: "Column", name: str) -> "Column":
        return F.count(F.when(held & (F.lit(True) if name == MATCHED else F.col(name)), 1))

    sums = [counted(F.col(holding(place)), name).alias(f"{name} {place}") for place in places for name in _COUNTED]
    (row,) = people.agg(*sums).collect()
    return [{name: row[f"{name} {place}"] for name in _COUNTED} for place in places]


def permitted(people: "DataFrame", *places: int) -> "DataFrame":
    """The ids of those whom one of the audiences' conditions holds of and who may be addressed."""
    from pyspark.sql import functions as F

    held = reduce(lambda one, other: one | other, (F.col(holding(place)) for place in places))
    return people.where(held & _may_be_addressed()).select("user_id")


def by_rule(people: "DataFrame", places: Sequence[int]) -> "DataFrame":
    """Rows of `chosen` of all audiences that a condition alone makes, in one pass."""
    from pyspark.sql import functions as F

    held = F.array(*(F.when(F.col(holding(place)), F.lit(place)) for place in places))
    exploded = people.where(_may_be_addressed()).select("user_id", F.explode(held).alias("place"))
    return chosen(exploded.where(F.col("place").isNotNull()))


def by_score(scored: "DataFrame", place: int, top: int, at_least: float) -> "DataFrame":
    """Rows of `chosen` of an audience from `user_id` and `score`: the best, equal ones in the order of their ids."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    order = [F.col("score").desc(), F.col("user_id")]
    best = scored.where(F.col("score") >= at_least).orderBy(*order).limit(top)  # no more than `top` rows in one place
    rank = F.row_number().over(Window.orderBy(*order))
    return chosen(best.withColumns({"rank": rank, "place": F.lit(place)}))


def chosen(rows: "DataFrame") -> "DataFrame":
    """`user_id`, `place` of the audience, `rank` and `score`, null where there are none."""
    from pyspark.sql import functions as F

    lacking = {"rank": "int", "score": "double"}.items()
    given = rows.withColumns({name: F.lit(None).cast(kind) for name, kind in lacking if name not in rows.columns})
    return given.select("user_id", F.col("place").cast("int").alias("place"), "rank", "score")


def together(parts: "Sequence[DataFrame]") -> "DataFrame":
    """All rows of frames with the same columns."""
    return reduce(lambda one, other: one.unionByName(other), parts)


def capped(rows: "DataFrame", cap: Cap | None, earlier: "DataFrame | None") -> "DataFrame":
    """Rows of `chosen` with `is_capped`: of each user the first audiences stay, as far as the cap has room.

    `earlier` are rows of `audiences` of the `cap.days` - 1 days before. Those held out count as the others do: they are
    to differ from these in nothing but that they are not addressed.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    if cap is None:
        return rows.withColumn("is_capped", F.lit(False))
    order = F.row_number().over(Window.partitionBy("user_id").orderBy("place"))
    numbered, before = rows.withColumn("number", order), F.lit(0)
    if earlier is not None:
        counts = earlier.groupBy("user_id").agg(F.count(F.lit(1)).alias("before"))
        numbered, before = numbered.join(counts, "user_id", how="left"), F.coalesce("before", F.lit(0))
    return numbered.withColumn("is_capped", F.col("number") + before > cap.times).select(*rows.columns, "is_capped")


def is_held_out(hold_out: HoldOut) -> "Column":
    """Whether the row's user is held out, as `addressees.held_out` tells."""
    from pyspark.sql import functions as F

    salted = F.sha2(F.concat(F.lit(f"{hold_out.salt}\x1f"), F.col("user_id")), 256)
    number = F.conv(F.substring(salted, 1, HASH_DIGITS), 16, 10).cast("double")
    return number / float(16**HASH_DIGITS) < hold_out.share


def count_members(rows: "DataFrame") -> Mapping[int, Mapping[str, int]]:
    """Of rows of `capped` with `held_out`: how many are eligible, capped and held out in each audience, by place."""
    from pyspark.sql import functions as F

    of_others = ~F.col("is_capped")
    counts = rows.groupBy("place").agg(
        F.count(F.lit(1)).alias("eligible"),
        F.count(F.when(F.col("is_capped"), 1)).alias("capped"),
        F.count(F.when(of_others & F.col("held_out"), 1)).alias("held_out"),
        F.count(F.when(of_others & ~F.col("held_out"), 1)).alias("addressed"),
    )
    return {row["place"]: {name: row[name] for name in counts.columns[1:]} for row in counts.collect()}


def overlaps(rows: "DataFrame") -> list[tuple[int, int, int]]:
    """The places of two audiences and how many users of `chosen` are in both, in the order of places."""
    from pyspark.sql import functions as F

    sets = rows.groupBy("user_id").agg(F.array_sort(F.collect_set("place")).alias("places"))
    first = sets.where(F.size("places") > 1).select("places", F.explode("places").alias("place"))
    pairs = first.select("place", F.explode("places").alias("other")).where("place < other")
    found = pairs.groupBy("place", "other").agg(F.count(F.lit(1)).alias("users")).collect()
    return sorted((row["place"], row["other"], row["users"]) for row in found)


def _may_be_addressed() -> "Column":
    from pyspark.sql import functions as F

    return ~F.col(OPTED_OUT) & ~F.col(WITHOUT_CONSENT)
