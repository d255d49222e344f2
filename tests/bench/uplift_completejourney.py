"""Who of the mailed households of Complete Journey redeems a coupon of a later campaign, foretold from before it.

The campaigns were not given by chance: what is foretold is the response, and no uplift is claimed.
"""

import gzip
import io
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from interest_spark.applications.coupons.trials import COLUMNS
from interest_spark.applications.keys import user_keys
from interest_spark.evaluation.statistics.paired import poisson_weights
from interest_spark.evaluation.statistics.uplift import percentiles
from interest_spark.features.customers.features import features_of
from interest_spark.metrics.scored.auc import auc
from interest_spark.metrics.scored.lift import lift
from interest_spark.metrics.scored.scored import Scored
from interest_spark.models.uplift.trees import TreeSettings, fit_trees
from tests.customer_world import NOTHING, SCHEMA, State, carry

ZONE = "America/New_York"
WINDOW_DAYS = 180
VALIDATED, HELD_OUT = date(2017, 7, 1), date(2017, 9, 1)  # campaigns from then on choose, and judge
KINDS = ("Type A", "Type B", "Type C")
_HISTORY = ("mailed", "redeemed", "redeemed_share", "days_since_redeemed")
_RESAMPLES = 1_000


def read(folder: Path, name: str, **types: type[pl.DataType]) -> pl.DataFrame:
    text = gzip.decompress((folder / f"{name}.csv.gz").read_bytes())
    return pl.read_csv(io.BytesIO(text), infer_schema_length=None, try_parse_dates=True, schema_overrides=types)


def purchases(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events of the sampled transactions, and the catalogue of their products."""
    lines = read(folder, "transactions_sample", household_id=pl.String, product_id=pl.String)
    given = {
        "user_id": pl.col("household_id"),
        "item_id": pl.col("product_id"),
        "behavior": pl.lit("purchase"),
        "event_time": pl.col("transaction_timestamp"),
        "quantity": pl.lit(1.0),
        "price": pl.col("sales_value").cast(pl.Float64),
        "platform": pl.lit(None, pl.String),
    }
    events = lines.select(**given).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    products = read(folder, "products", product_id=pl.String)
    catalogue = products.select(
        item_id="product_id", category="product_category", brand="brand", price_level=pl.lit(None, pl.String)
    )
    return events, catalogue


def mailed(folder: Path) -> pl.DataFrame:
    """Rows of household and campaign, in the order of its start: whether it redeemed, and what it did before."""
    campaigns = read(folder, "campaign_descriptions").sort("start_date", "campaign_id")
    redemptions = read(folder, "coupon_redemptions", household_id=pl.String)
    rows = read(folder, "campaigns", household_id=pl.String).join(campaigns, on="campaign_id")
    redeemed = redemptions.select("household_id", "campaign_id").unique().with_columns(label=pl.lit(1.0))
    keys = ["household_id", "campaign_id"]
    rows = rows.join(redeemed, on=keys, how="left").with_columns(pl.col("label").fill_null(0.0))
    before = rows.select("household_id", "start_date", "campaign_id").join(
        redemptions.select("household_id", "redemption_date"), on="household_id"
    )
    known = before.filter(pl.col("redemption_date") < pl.col("start_date"))
    earlier = known.group_by("household_id", "campaign_id").agg(
        redeemed=pl.len().cast(pl.Float64),
        days_since_redeemed=(pl.col("start_date").first() - pl.col("redemption_date").max()).dt.total_days(),
    )
    rows = rows.sort("start_date", "campaign_id", "household_id")
    rows = rows.with_columns(mailed=(pl.col("start_date").rank("dense").over("household_id") - 1).cast(pl.Float64))
    rows = rows.join(earlier, on=["household_id", "campaign_id"], how="left", maintain_order="left")
    return rows.with_columns(pl.col("redeemed").fill_null(0.0)).with_columns(
        redeemed_share=pl.col("redeemed") / pl.col("mailed").clip(1), days_since_redeemed=pl.col("days_since_redeemed")
    )


def with_features(rows: pl.DataFrame, events: pl.DataFrame, catalogue: pl.DataFrame) -> pl.DataFrame:
    """The rows with customer features as of the day before each campaign."""
    found = []
    for start in rows["start_date"].unique().sort():
        day = start - timedelta(1)
        local = events.filter(pl.col("event_time").dt.convert_time_zone(ZONE).dt.date() <= day)
        state: State = carry(NOTHING, [local], catalogue, day - timedelta(WINDOW_DAYS - 1), ZONE)
        known = pl.DataFrame(features_of(*state, day, WINDOW_DAYS))
        own = known.select(pl.col("user_id").alias("household_id"), *COLUMNS)
        part = rows.filter(pl.col("start_date") == start)
        found.append(part.join(own, on="household_id", how="left", maintain_order="left"))
    return pl.concat(found, how="vertical_relaxed")


def matrix(rows: pl.DataFrame) -> np.ndarray:
    kinds = [(pl.col("campaign_type") == kind).cast(pl.Float32).alias(kind) for kind in KINDS]
    return rows.select(*(pl.col(name).cast(pl.Float32) for name in (*COLUMNS, *_HISTORY)), *kinds).to_numpy()


def judged(rows: pl.DataFrame, features: np.ndarray) -> Mapping[str, object]:
    """Settings chosen by the AUC of campaigns from VALIDATED on; learnt again up to HELD_OUT, and judged after it."""
    start, label = rows["start_date"].to_numpy().astype("datetime64[D]"), rows["label"].to_numpy()
    first, last = (np.datetime64(each) for each in (VALIDATED, HELD_OUT))
    end = rows["end_date"].to_numpy().astype("datetime64[D]")
    # A campaign teaches once it is over: until then its responses are not known.
    learnt, choosing, held_out = end < first, (start >= first) & (end < last), start >= last
    tried = []
    for rounds, depth in ((50, 2), (100, 2), (100, 3), (200, 3), (200, 2)):
        settings = TreeSettings(rounds=rounds, depth=depth, leaf_rows=20)
        scores = fit_trees(features[learnt], label[learnt], settings, labels=True).predict(features[choosing])
        tried.append((auc(Scored.of_rows(label[choosing], scores)), settings))
    validated, settings = max(tried, key=lambda each: each[0])
    score = fit_trees(features[end < last], label[end < last], settings, labels=True).predict(features[held_out])
    households = rows.filter(pl.Series(held_out))["household_id"]
    weights = poisson_weights(user_keys(households, "bench"), _RESAMPLES, 0)
    figures = {
        name: percentiles(
            metric(Scored.of_rows(label[held_out], score)),
            np.array([metric(_weighted(label[held_out], score, each)) for each in weights]),
        )
        for name, metric in (("auc", auc), ("lift", lift))
    }
    return {
        "validated_auc": validated,
        "settings": settings,
        "learnt": int((end < last).sum()),
        "held_out": int(held_out.sum()),
        "campaigns": rows.filter(pl.Series(held_out))["campaign_id"].n_unique(),
        "responses": float(label[held_out].mean()),
        **figures,
    }


def _weighted(label: np.ndarray, score: np.ndarray, weight: np.ndarray) -> Scored:
    drawn = weight > 0
    return Scored.counted(score[drawn], (label * weight)[drawn], ((1 - label) * weight)[drawn])
