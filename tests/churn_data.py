"""Purchases of real shops for the tests and the benchmark of churn, where the data sets are there."""

import numpy as np
import polars as pl
import pytest

from interest_spark.applications.churn.bgnbd import Purchases
from interest_spark.features.customers.catalogue import price_levels
from tests.customer_world import SCHEMA
from tests.readme import ROOT

DATA = ROOT.parent / "shared" / "data"
CDNOW = DATA / "cdnow"
ONLINE_RETAIL = DATA / "online_retail" / "online_retail.csv.gz"
needs_cdnow = pytest.mark.skipif(not CDNOW.exists(), reason="the data set cdnow is not there")


def cdnow(*, sample: bool) -> pl.DataFrame:
    """`customer_id, date, quantity, amount` of all customers or of the published sample."""
    rows = pl.read_csv(CDNOW / "transactions.csv.gz", try_parse_dates=True)
    if sample:
        own = pl.read_csv(CDNOW / "sample_customers.csv.gz")["customer_id"]
        rows = rows.filter(pl.col("customer_id").is_in(own.implode()))
    return rows


def cdnow_purchases(rows: pl.DataFrame, until: np.datetime64, unit: int) -> Purchases:
    """Repeat purchases up to a day, those of one day merged, in units of so many days."""
    days = rows.filter(pl.col("date") <= until.astype("datetime64[D]").item())
    days = days.select("customer_id", "date").unique()
    found = days.group_by("customer_id").agg(
        x=pl.len() - 1.0,
        t_x=(pl.col("date").max() - pl.col("date").min()).dt.total_days() / unit,
        T=(pl.lit(until.item()).cast(pl.Date) - pl.col("date").min()).dt.total_days() / unit,
    )
    return Purchases(*(found[name].to_numpy().astype(np.float64) for name in ("x", "t_x", "T")))


def cdnow_events() -> pl.DataFrame:
    """Every purchase of CDNOW as an event: a day's is at noon, of one item, with its price."""
    rows = cdnow(sample=False)
    return rows.select(
        user_id=pl.col("customer_id").cast(pl.String),
        item_id=pl.lit("cd"),
        behavior=pl.lit("purchase"),
        event_time=pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=12),
        quantity=pl.col("quantity").cast(pl.Float64),
        price=pl.col("amount").cast(pl.Float64) / pl.col("quantity").clip(1),
        platform=pl.lit(None, pl.String),
    ).select(*SCHEMA)


def online_retail_events() -> pl.DataFrame:
    """Lines of Online Retail with a customer: purchases, and returns where the invoice is a cancellation."""
    rows = pl.read_csv(ONLINE_RETAIL, infer_schema_length=None, schema_overrides={"CustomerID": pl.String})
    rows = rows.filter(pl.col("CustomerID").is_not_null() & (pl.col("UnitPrice") > 0))
    return rows.select(
        user_id=pl.col("CustomerID").str.strip_chars(),
        item_id=pl.col("StockCode").cast(pl.String),
        behavior=pl.when(pl.col("InvoiceNo").cast(pl.String).str.starts_with("C"))
        .then(pl.lit("return"))
        .otherwise(pl.lit("purchase")),
        event_time=pl.col("InvoiceDate").str.to_datetime(time_unit="us", time_zone="UTC"),
        quantity=pl.col("Quantity").abs().cast(pl.Float64),
        price=pl.col("UnitPrice").cast(pl.Float64),
        platform=pl.lit(None, pl.String),
    ).select(*SCHEMA)


def online_retail_catalogue(events: pl.DataFrame) -> pl.DataFrame:
    """The items with a price level, of their median price; there are no categories."""
    items = events.group_by("item_id").agg(pl.col("price").median()).sort("item_id")
    frame = items.with_columns(category=pl.lit(None, pl.String), brand=pl.lit(None, pl.String))
    return frame.with_columns(price_level=price_levels(frame)).drop("price")
