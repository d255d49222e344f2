"""What shops deliver, and what became of each line: one row as written, or as it is known as of a day."""

import pyarrow as pa

from interest_spark.schemas.table import TIME, table_of, text_map

DELIVERED: dict[str, pa.Schema] = {
    "events": table_of(
        user_id=(pa.string(), "who did it, as the shop wrote it"),
        item_id=(pa.string(), "with which item, as the shop wrote it; null of a search, or what else needs none"),
        behavior=(pa.string(), "one of the canonical behaviors"),
        event_time=(TIME, "when it happened"),
        quantity=(pa.float64(), "how many"),
        price=(pa.float64(), "of one, in the shop's currency"),
        rating=(pa.float64(), "as the user gave it"),
        session_id=(pa.string(), "the shop's own session"),
        platform=(pa.string(), "such as app or web"),
        device_id=(pa.string(), "as the shop wrote it"),
        query=(pa.string(), "what was searched for"),
        source_file=(pa.string(), "raw file that had the line"),
        source_line=(pa.int64(), "from 1"),
    ),
    "quarantine": table_of(
        raw=(pa.string(), "the refused line"),
        reason=(pa.string(), "the first rule that it breaks"),
        source_file=(pa.string(), "raw file that had the line"),
        source_line=(pa.int64(), "from 1"),
    ),
    "ingest_ledger": table_of(
        source_file=(pa.string(), "a raw file"),
        raw_lines=(pa.int64(), "all of the file: the sum of the following four, where a line is one row"),
        accepted=(pa.int64(), "lines that became rows"),
        duplicates=(pa.int64(), "lines that an accepted one says already"),
        quarantined=(pa.int64(), "refused lines"),
        ignored=(pa.int64(), "lines that the configuration leaves out"),
        exploded=(pa.int64(), "rows beyond the first of each line: raw_lines + exploded is what the others add up to"),
        unread_values=(pa.int64(), "accepted or duplicate rows that lost an optional number that could not be read"),
    ),
    "items": table_of(
        item_id=(pa.string(), "as the shop wrote it"),
        title=(pa.string(), "newest known"),
        description=(pa.string(), "newest known"),
        category=(pa.string(), "newest known"),
        brand=(pa.string(), "newest known"),
        price=(pa.float64(), "newest known, in the shop's currency"),
        image=(pa.string(), "address or path of a picture"),
        attributes=(text_map(), "what else the shop says of it"),
        updated_at=(TIME, "when the newest of its lines was written"),
    ),
    "users": table_of(
        user_id=(pa.string(), "as the shop wrote it"),
        gender=(pa.string(), "newest known"),
        age=(pa.int32(), "in years, newest known"),
        region=(pa.string(), "newest known"),
        attributes=(text_map(), "what else the shop says of them"),
        updated_at=(TIME, "when the newest of their lines was written"),
    ),
    "campaigns": table_of(
        user_id=(pa.string(), "who was in the campaign, as the shop wrote it"),
        campaign=(pa.string(), "its name: everybody of one campaign was given an arm by chance, at the same odds"),
        coupon=(pa.string(), "the arm: the coupon that was sent, or `coupons.control` where none was"),
        sent_at=(TIME, "when it was sent, or would have been; the first time, where a line comes again"),
    ),
    "opt_outs": table_of(
        user_id=(pa.string(), "who is not to be addressed, as of the day"),
        updated_at=(TIME, "when the newest of their lines was written; the day of its delivery where it has no time"),
    ),
    "consents": table_of(
        user_id=(pa.string(), "who has agreed to be addressed, as of the day"),
        updated_at=(TIME, "as of `opt_outs`"),
    ),
    "seeds": table_of(
        user_id=(pa.string(), "who is on a list of people that a look-alike audience starts from, as of the day"),
        list=(pa.string(), "its name"),
        updated_at=(TIME, "as of `opt_outs`"),
    ),
}
