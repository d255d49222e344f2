"""UCI Online Retail: invoice lines; cancelled invoices are returns, service codes are not items."""

import polars as pl

from interest_spark.sources.reader import Reader

# Postage, carriage, fees, discounts and manual corrections, booked under a stock code of their own.
_SERVICE_CODES = r"^(POST|DOT|C2|M|m|D|S|B|CRUK|BANK CHARGES|AMAZONFEE)(?:\r\n|[\n\r\x{85}\x{2028}\x{2029}])?$"

_CSV = {"format": "csv", "time_format": "yyyy-MM-dd HH:mm:ss", "time_zone": "Europe/London"}


def _cancellations_are_returns(text: pl.DataFrame) -> pl.DataFrame:
    """An invoice number that starts with C cancels goods: a return of the positive quantity."""
    if "session_id" not in text.columns:  # items and users have no invoice
        return text
    cancelled, quantity = pl.col("session_id").str.starts_with("C"), pl.col("quantity")
    positive = quantity.str.replace("^-", "").str.strip_chars_start(" ")
    return text.with_columns(
        behavior=pl.when(cancelled).then(pl.lit("return")).otherwise(pl.lit("purchase")),
        quantity=pl.when(cancelled).then(positive).otherwise(quantity),
    )


def _is_service(text: pl.DataFrame) -> pl.Series:
    return _rows(text, pl.col("item_id").str.contains(_SERVICE_CODES) if "item_id" in text.columns else False)


def _is_stock_correction(text: pl.DataFrame) -> pl.Series:
    """Lines without a customer describe a correction ("damages", "?") where a title should be."""
    return _rows(text, pl.col("buyer").is_null() if "buyer" in text.columns else False)


def _rows(text: pl.DataFrame, refused: pl.Expr | bool) -> pl.Series:
    return text.with_columns(refused=refused)["refused"]


READER = Reader(
    events={
        **_CSV,
        "columns": {
            "user_id": "CustomerID",
            "item_id": "StockCode",
            "event_time": "InvoiceDate",
            "quantity": "Quantity",
            "price": "UnitPrice",
            "session_id": "InvoiceNo",
        },
        "constants": {"behavior": "purchase"},
        "behaviors": {"purchase": "purchase", "return": "return"},
        "strict": ("quantity", "price"),
    },
    items={
        **_CSV,
        "columns": {
            "item_id": "StockCode",
            "title": "Description",
            "price": "UnitPrice",
            "updated_at": "InvoiceDate",
            "buyer": "CustomerID",
        },
        "strict": ("price",),
    },
    users={**_CSV, "columns": {"user_id": "CustomerID", "region": "Country", "updated_at": "InvoiceDate"}},
    correct=_cancellations_are_returns,
    refusals=(
        ("service_item", _is_service),
        ("missing_user", _is_stock_correction),
    ),
)
