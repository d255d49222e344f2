"""Why raw lines are refused: the values of `reason` in `quarantine`."""

REASONS = (
    *("empty_line", "line_too_long", "nul_byte", "invalid_utf8", "not_json", "not_an_object", "duplicate_key"),
    *("wrong_field_count", "unbalanced_quote"),
    *("missing_user", "missing_item", "missing_behavior", "unknown_behavior", "missing_time", "bad_time"),
    *("time_out_of_range", "bad_quantity", "bad_price", "bad_rating", "bad_age", "service_item"),
    *("missing_campaign", "missing_coupon"),
)
"""In the order in which README.md explains them. A reader that refuses lines for another reason adds it here."""

IGNORED = "ignored"
"""Stands for a reason where a line is left out as the configuration says: it is counted, and neither bad nor kept."""
