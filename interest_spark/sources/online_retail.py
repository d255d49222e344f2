"""UCI Online Retail: invoice lines; cancelled invoices are returns, service codes are not items."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from interest_spark.sources.reader import Columns, Reader

# Postage, carriage, fees, discounts and manual corrections, booked under a stock code of their own.
_SERVICE_CODES = r"^(POST|DOT|C2|M|m|D|S|B|CRUK|BANK CHARGES|AMAZONFEE)$"

_CSV = {"format": "csv", "time_format": "yyyy-MM-dd HH:mm:ss", "time_zone": "Europe/London"}


def _cancellations_are_returns(columns: Columns) -> Columns:
    """An invoice number that starts with C cancels goods: a return of the positive quantity."""
    if "session_id" not in columns:  # items and users have no invoice
        return columns
    cancelled = columns["session_id"].startswith("C")
    quantity = F.when(cancelled, F.ltrim(F.regexp_replace(columns["quantity"], "^-", ""))).otherwise(
        columns["quantity"]
    )
    return {**columns, "behavior": F.when(cancelled, "return").otherwise("purchase"), "quantity": quantity}


def _is_service(columns: Columns) -> Column:
    return columns["item_id"].rlike(_SERVICE_CODES) if "item_id" in columns else F.lit(False)


def _is_stock_correction(columns: Columns) -> Column:
    """Lines without a customer describe a correction ("damages", "?") where a title should be."""
    return columns["buyer"].isNull() if "buyer" in columns else F.lit(False)


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
    },
    users={**_CSV, "columns": {"user_id": "CustomerID", "region": "Country", "updated_at": "InvoiceDate"}},
    correct=_cancellations_are_returns,
    refusals=(
        ("service_item", _is_service),
        ("missing_user", _is_stock_correction),
    ),
)
