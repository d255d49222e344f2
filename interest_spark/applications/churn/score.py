"""The warnings of a day: everybody at risk, with the probability, the band, and reasons for whom it is high."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from interest_spark.applications.churn.design import ALIVE, STAYS_AWAY
from interest_spark.applications.churn.labels import at_risk, horizon, purchases_of, with_history
from interest_spark.applications.churn.model import HIGH, ChurnModel, model_of
from interest_spark.applications.churn.reasons import reasons_of
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.layout import BUCKET_FILE
from interest_spark.storage.parts import read_columns, read_table_pieces, write_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHURN, MODELS = "churn", "churn_models"


def warnings_of(
    rows: pl.DataFrame, days: pl.DataFrame | None, day: date, model: ChurnModel, most_reasons: int
) -> pa.Table:
    """Rows of `churn` from rows of `customer_features` of one day, in their order.

    days: these users' rows of `customer_days`, for a model that needs HISTORY.
    """
    risky = at_risk(rows, model.rules)
    if days is not None:
        risky = with_history(risky, days, day, model.history_days, model.rules.of)
    values, score = model.scores(risky)
    probability, baseline = model.calibration.probability(score), model.design.baseline(risky)
    bands = model.bands(probability)
    warned = np.flatnonzero(bands == HIGH)
    own = risky[warned]
    if model.design.bgnbd is not None:
        alive = model.design.bgnbd.alive(purchases_of(own, model.rules.of))
        own = own.with_columns(pl.Series(ALIVE, alive), pl.Series(STAYS_AWAY, baseline[warned]))
    reasons: list[list[str]] = [[] for _ in range(len(risky))]
    if len(warned):
        added = model.learnt.contributions(values[warned])
        for place, sentences in zip(warned, reasons_of(model.design.names, added, own, most_reasons), strict=True):
            reasons[place] = sentences
    found = {
        "user_id": risky["user_id"].to_arrow(),
        "probability": pa.array(probability),
        "baseline_probability": pa.array(baseline, from_pandas=True),
        "band": pa.array(bands.tolist(), pa.string()),
        "days": risky.select(horizon(model.rules).alias("days"))["days"].to_arrow()
        if model.rules.definition == "rhythm"
        else pa.array([model.rules.horizon_days] * len(risky), pa.int32()),
        "reasons": pa.array(reasons, pa.list_(pa.string())),
        "model_version": pa.array([model.version] * len(risky), pa.string()),
    }
    schema = TABLES[CHURN]
    return pa.table([found[name].cast(schema.field(name).type) for name in schema.names], schema)


@dataclass(frozen=True)
class ChurnBuild:
    """`models`: the file of the model's row. `days`: files of `customer_days` of the day."""

    day: date
    days: tuple[str, ...]
    models: tuple[str, ...]
    most_reasons: int
    folder: str

    @cached_property
    def model(self) -> ChurnModel | None:
        """None where there is none."""
        (text,) = read_columns(self.models, model=pl.String)["model"]
        return None if text is None else model_of(text)

    def write(self, numbered: tuple[int, str]) -> Iterator[str]:
        """Writes the warnings of a file's users; gives the path, if there are any."""
        number, file = numbered
        if self.model is None:
            return
        name = BUCKET_FILE.search(file)
        bucket = None if name is None else Bucket(int(name[1]), int(name[2]))
        days = None
        if self.model.history_days and bucket is not None:
            wanted = ["user_id", "event_day", self.model.rules.of.column]
            days = pl.DataFrame(read_bucket(DAYS, self.days, bucket)).select(wanted)
        parts = [
            warnings_of(each, days, self.day, self.model, self.most_reasons)
            for each in read_table_pieces(file, FEATURE_TABLE)
        ]
        found = pa.concat_tables(parts) if parts else TABLES[CHURN].empty_table()
        if len(found):
            yield write_part(self.folder, CHURN, self.day.isoformat(), found, number if bucket is None else bucket)


def build_churn(spark: "SparkSession", build: ChurnBuild, files: Sequence[str]) -> Sequence[str]:
    """Write `churn`; returns the paths."""
    return each_in_a_task(spark, list(enumerate(files)), build.write)
