"""What became of the users whom warnings of past days were about, told in Spark tasks by bucket of users.

Warnings are read as they were published, users with a low probability as well; what users did since is what
`customer_days` of the judging day knows, and the labels are those of training. Who has no row there any more has not
come back. Who was taken for a machine later is judged like everybody else, as in training.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from interest_spark.applications.churn.judged import Figures, auc_bounds, figures_of, tenths
from interest_spark.applications.churn.labels import LabelRules, labelled
from interest_spark.applications.churn.model import HIGH
from interest_spark.applications.churn.score import CHURN
from interest_spark.applications.keys import user_keys
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.day_files import DayFile
from interest_spark.platform.tasks import by_bucket, each_in_a_task, exchange, grouped_by_size
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.file_stores import local_copy
from interest_spark.storage.parts import read_table_pieces, write_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_BYTES_A_TASK = 16 << 20
_SALT = "churn outcomes"
_WARNED_ON, _KEY = "warned_on", "key"
_READ = ("user_id", "probability", "baseline_probability", "band", "days")


@dataclass(frozen=True)
class Outcome:
    """How good a day's warnings were: `hits` were warned of and churned; `foretold` and `came_true` by tenths."""

    day: date
    figures: Figures
    hits: int
    auc_low: float | None
    auc_high: float | None
    foretold: Sequence[float]
    came_true: Sequence[float]


def outcomes_of(warned: pl.DataFrame, days: pl.DataFrame, day: date, rules: LabelRules) -> pl.DataFrame:
    """Rows of `churn` of a day with who has `churned`; `warned`: who was in the band `high`; `key`: of the user.

    days: these users' rows of `customer_days` as of a day by which all horizons have ended. Each user's horizon is the
    one that was published.
    """
    found = labelled(warned.rename({"days": "rhythm_days"}), days, day, rules)
    keys = pl.Series(_KEY, user_keys(found["user_id"], _SALT))
    return found.select("probability", "baseline_probability", "churned", keys, warned=pl.col("band") == HIGH)


@dataclass(frozen=True)
class Judging:
    """`rules`: those of the model that warned, by day. `days`: files of `customer_days` of the judging day, in so many
    `buckets`. `folder`: where tasks leave what later tasks of the run read.
    """

    rules: Mapping[date, LabelRules]
    days: tuple[str, ...]
    buckets: int
    folder: str

    def split(self, files: Sequence[DayFile]) -> Iterator[Mapping[int, pl.DataFrame]]:
        """Warnings by the bucket that their user has now: a day of weeks ago may have been hashed otherwise."""
        for file in files:
            day = pl.lit(date.fromisoformat(file.day)).alias(_WARNED_ON)
            for rows in read_table_pieces(file.path, CHURN, _READ):
                yield by_bucket(rows.with_columns(day), "user_id", self.buckets)

    def combine(self, number: int, frames: list[pl.DataFrame]) -> Iterator[tuple[date, str]]:
        """Writes what became of the bucket's users, a file for each warned day; gives the day and the path."""
        if not frames:
            return
        columns = {rules.of.column for rules in self.rules.values()}
        bucket = pl.DataFrame(read_bucket(DAYS, self.days, Bucket(number, self.buckets)))
        days = bucket.select("user_id", "event_day", *sorted(columns))
        by_day = pl.concat(frames).partition_by(_WARNED_ON, as_dict=True, include_key=False)
        for (day,), warned in by_day.items():
            yield day, write_rows(self.folder, outcomes_of(warned, days, day, self.rules[day]))

    def judge(self, day_files: tuple[date, Sequence[str]]) -> Iterator[Outcome]:
        """All figures of a day, from the files of all buckets."""
        day, files = day_files
        parts = []
        for file in files:
            with local_copy(file) as copy:
                parts.append(pl.read_parquet(copy))
        rows = pl.concat(parts).sort(_KEY)  # equal probabilities stay in this order, whatever the buckets were
        probability, baseline = (rows[name].to_numpy() for name in ("probability", "baseline_probability"))
        churned, warned, keys = (rows[name].to_numpy() for name in ("churned", "warned", _KEY))
        figures = figures_of(probability, churned, baseline, keys, warned)
        hits = int((churned & warned).sum())
        bounds = auc_bounds(probability, churned, keys)
        yield Outcome(day, figures, hits, *bounds, *tenths(probability, churned))


def judge_warnings(spark: "SparkSession", judging: Judging, files: Sequence[DayFile]) -> Mapping[date, Outcome]:
    """The outcome of each day that has files of `churn`; what reaches the driver are paths and figures."""
    groups = grouped_by_size([file.size for file in files], _BYTES_A_TASK)
    inputs = [[files[place] for place in group] for group in groups]
    written = exchange(spark, inputs, judging.split, judging.buckets, judging.combine)
    by_day = {day: [path for of, path in written if of == day] for day in sorted({day for day, _ in written})}
    return {each.day: each for each in each_in_a_task(spark, list(by_day.items()), judging.judge)}
