"""Every table's columns, with what they mean, and what is to be known of tables as such.

Every table is described once, as an Arrow schema without its partition column `dt`: Spark writes it, Delta records it,
footers are checked against it, and `interest columns` prints it.
"""

import pyarrow as pa

from interest_spark.schemas.counted import COUNTED
from interest_spark.schemas.customers import CUSTOMERS
from interest_spark.schemas.delivered import DELIVERED
from interest_spark.schemas.judged import JUDGED
from interest_spark.schemas.modelled import MODELLED

TABLES: dict[str, pa.Schema] = {**DELIVERED, **COUNTED, **CUSTOMERS, **MODELLED, **JUDGED}
"""`bots` and `unserved` say why a user has no, or fewer, recommendations; `ingest_ledger` proves row conservation."""

SLICED_BY = {
    **dict.fromkeys(("quarantine", "ingest_ledger"), "kind"),
    **dict.fromkeys(("train_blocks", "models", "recommendations", "user_vectors", "unserved", "metrics"), "model"),
    "promotions": "model",
    "gates": "gate",
    "comparisons": "comparison",
}
"""Tables that hold several slices of one day side by side, by the further column that tells these apart: the `kind` of
raw lines (events, items, users, campaigns), the name of the `model` or of the `gate`, or the names that were compared.
"""

PERMANENT = ("vocab", "categories", "models", "promotions")
"""Tables that later days build on, whatever their age."""

_LATEST_DAYS_ALONE = (
    *("sessions", "bot_days", "bot_sequences", "sequences", "restated_sequences"),
    *("customer_days", "customer_interests", "campaigns"),
    *("train_blocks", "user_vectors", "taste_clusters", "tastes"),
)
DAYS_KEPT = dict.fromkeys(_LATEST_DAYS_ALONE, 35)
"""How long a day of a table is kept, in days; what is not named is kept for ever. `maintain.keep_days` overrides it."""

OF_MODELS_COMPARED = ("train_blocks", "models", "recommendations", "user_vectors", "unserved")
COMPARED_DAYS_KEPT = 35
"""In these tables what was made to compare models, and never served, is kept so many days from when it was made; the
figures stay.
"""

MADE_BY = {
    **dict.fromkeys(("events", "quarantine", "ingest_ledger", "items", "users", "campaigns"), "ingest"),
    **dict.fromkeys(("opt_outs", "consents", "seeds"), "ingest"),
    **dict.fromkeys(("user_days", "item_days", "sessions", "bot_days", "bots", "vocab"), "sequences"),
    **dict.fromkeys(("popularity", "categories", "bot_sequences", "sequences"), "sequences"),
    "restated_sequences": "sequences",
    **dict.fromkeys(
        ("interest_days", "customer_days", "customer_interests", "customer_features", "profiles"), "profiles"
    ),
    **dict.fromkeys(("coupons", "coupon_figures"), "coupons"),
    **dict.fromkeys(("audiences", "audience_sizes", "audience_overlaps", "audience_models"), "audience"),
    **dict.fromkeys(("churn_models", "churn", "churn_outcomes"), "churn"),
    **dict.fromkeys(("train_blocks", "models"), "train"),
    **dict.fromkeys(("recommendations", "user_vectors", "unserved", "taste_clusters", "tastes"), "score"),
    "metrics": "evaluate",
    "promotions": "promote",
    "comparisons": "compare",
    "gates": "ingest",
}
"""The job that makes each table, to name in messages."""
