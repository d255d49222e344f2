"""Every table's columns.

Every table is described once, as an Arrow schema without its partition column `dt`
(a shop-local day, `YYYY-MM-DD`): Spark writes it, Delta records it, footers are checked against it.
"""

import pyarrow as pa

from interest_spark.schemas.tokens import INPUTS

_TIME = pa.timestamp("us", tz="UTC")


def _table(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


def _list(value: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", value))


def _text_map() -> pa.DataType:
    return pa.map_(pa.string(), pa.string())


TABLES: dict[str, pa.Schema] = {
    "events": _table(
        user_id=pa.string(),
        item_id=pa.string(),
        behavior=pa.string(),
        event_time=_TIME,
        quantity=pa.float64(),
        price=pa.float64(),
        rating=pa.float64(),
        session_id=pa.string(),
        platform=pa.string(),
        device_id=pa.string(),
        query=pa.string(),
        source_file=pa.string(),
        source_line=pa.int64(),
    ),
    "quarantine": _table(
        raw=pa.string(),
        reason=pa.string(),
        source_file=pa.string(),
        source_line=pa.int64(),
    ),
    "ingest_ledger": _table(
        source_file=pa.string(),
        raw_lines=pa.int64(),
        accepted=pa.int64(),
        duplicates=pa.int64(),
        quarantined=pa.int64(),
    ),
    "items": _table(
        item_id=pa.string(),
        title=pa.string(),
        description=pa.string(),
        category=pa.string(),
        brand=pa.string(),
        price=pa.float64(),
        image=pa.string(),
        attributes=_text_map(),
        updated_at=_TIME,
    ),
    "users": _table(
        user_id=pa.string(),
        gender=pa.string(),
        age=pa.int32(),
        region=pa.string(),
        attributes=_text_map(),
        updated_at=_TIME,
    ),
    "bots": _table(
        user_id=pa.string(),
        reason=pa.string(),
        busiest_day_events=pa.int64(),
        active_hours=pa.int32(),
        evidence=pa.string(),
    ),
    "vocab": _table(item_id=pa.string(), item_index=pa.int32(), first_day=pa.string()),
    "categories": _table(category=pa.string(), category_index=pa.int32(), first_day=pa.string()),
    "sequences": _table(
        user_id=pa.string(),
        item_index=_list(pa.int32()),
        behavior=_list(pa.int32()),
        event_time=_list(_TIME),
        price=_list(pa.float64()),
        category=_list(pa.int32()),  # 0 for none, else the category_index of the item's category as of the day
        arrival_day=_list(pa.int32()),  # days from 1970-01-01 to the `dt` of the event: the day that delivered it
        seen=_list(pa.int32()),  # every distinct item of the whole history, ascending
        events=pa.int64(),  # of the whole history, not only of the capped lists
    ),
    "popularity": _table(item_index=pa.int32(), item_id=pa.string(), events=pa.int64(), rank=pa.int32()),
    "train_blocks": _table(
        block_id=pa.int64(),
        held_out_targets=pa.int32(),  # more than 0, or 0, in all blocks of a file: its footer says which kind it holds
        item=_list(pa.int32()),
        target=_list(pa.int32()),
        target_behavior=_list(pa.int32()),
        held_out=_list(pa.int32()),  # a target that judges the training and is no part of it
        segment=_list(pa.int32()),
        position=_list(pa.int32()),
        **dict.fromkeys(INPUTS, _list(pa.int32())),
    ),
    "models": _table(
        model_version=pa.string(),
        path=pa.string(),
        manifest_sha256=pa.string(),
        item_count=pa.int32(),
        parameters=pa.int64(),
        loss=pa.float64(),
        train_seconds=pa.float64(),
        trained_through=pa.string(),
    ),
    "recommendations": _table(
        user_id=pa.string(),
        rank=pa.int32(),
        item_id=pa.string(),
        score=pa.float64(),
        source=pa.string(),
        model_version=pa.string(),
    ),
    "user_vectors": _table(user_id=pa.string(), vector=_list(pa.float32()), model_version=pa.string()),
    "unserved": _table(user_id=pa.string(), reason=pa.string(), rows=pa.int32()),
    "metrics": _table(
        model_version=pa.string(),
        split=pa.string(),
        slice=pa.string(),
        metric=pa.string(),
        value=pa.float64(),
        low=pa.float64(),
        high=pa.float64(),
        users=pa.int64(),
    ),
}
"""`bots` and `unserved` say why a user has no, or fewer, recommendations; `ingest_ledger` proves row conservation."""

SLICED_BY = {
    **dict.fromkeys(("quarantine", "ingest_ledger"), "kind"),
    **dict.fromkeys(("train_blocks", "models", "recommendations", "user_vectors", "unserved", "metrics"), "model"),
}
"""Tables that hold several slices of one day side by side, by the further column that tells these apart: the `kind` of
raw lines (events, items, users), or the name of the `model`.
"""

PERMANENT = ("vocab", "categories", "models")
"""Tables that later days build on, whatever their age."""

DAYS_KEPT = dict.fromkeys(("train_blocks", "sequences", "user_vectors"), 35)
"""How long a day of a table is kept, in days; what is not named is kept for ever. `maintain.keep_days` overrides it."""

MADE_BY = {
    **dict.fromkeys(("events", "quarantine", "ingest_ledger", "items", "users"), "ingest"),
    **dict.fromkeys(("bots", "vocab", "popularity", "categories", "sequences"), "sequences"),
    **dict.fromkeys(("train_blocks", "models"), "train"),
    **dict.fromkeys(("recommendations", "user_vectors", "unserved"), "score"),
    "metrics": "evaluate",
}
"""The job that makes each table, to name in messages."""
