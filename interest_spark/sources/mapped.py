"""Any shop's own log: the configuration's column mapping is all there is to know. The native format is its default."""

from interest_spark.sources.reader import Reader

_EVENT_FIELDS = (
    "user_id",
    "item_id",
    "behavior",
    "event_time",
    "quantity",
    "price",
    "rating",
    "session_id",
    "platform",
    "device_id",
    "query",
)
_ITEM_FIELDS = ("item_id", "title", "description", "category", "brand", "price", "image")
_USER_FIELDS = ("user_id", "gender", "age", "region")
_CAMPAIGN_FIELDS = ("user_id", "campaign", "coupon", "sent_at")


def _same_names(fields: tuple[str, ...]) -> dict[str, dict[str, str]]:
    return {"columns": dict(zip(fields, fields, strict=True))}


READER = Reader(
    events=_same_names(_EVENT_FIELDS),
    items=_same_names(_ITEM_FIELDS),
    users=_same_names(_USER_FIELDS),
    campaigns=_same_names(_CAMPAIGN_FIELDS),
)
