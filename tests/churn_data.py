"""Purchases of real shops for the tests and the benchmark of churn, where the data sets are there."""

import numpy as np
import polars as pl
import pytest

from interest_spark.applications.churn.bgnbd import Purchases
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
