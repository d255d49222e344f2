"""Every table's columns, with what they mean.

Every table is described once, as an Arrow schema without its partition column `dt`: Spark writes it, Delta records it,
footers are checked against it, and `interest columns` prints it.
"""

import pyarrow as pa

from interest_spark.schemas.behaviors import BEHAVIORS
from interest_spark.schemas.customer_features import feature_fields
from interest_spark.schemas.tokens import INPUTS

MEANING = b"comment"
"""The key of a column's metadata that says what it means; Delta readers and Spark show it under the same name."""

_TIME = pa.timestamp("us", tz="UTC")


DAY = pa.field("dt", pa.string(), metadata={MEANING: "the shop-local day, YYYY-MM-DD"})
"""The further column of every table, which stands in the paths of its files."""


def _table(**columns: tuple[pa.DataType, str]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, metadata={MEANING: text}) for name, (kind, text) in columns.items()])


def _list(value: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("element", value))


def _text_map() -> pa.DataType:
    return pa.map_(pa.string(), pa.string())


def _history_table() -> pa.Schema:
    return _table(
        user_id=(pa.string(), "as the shop wrote it"),
        item_index=(_list(pa.int32()), "the last `sequences.max_length` events' items, oldest first"),
        behavior=(_list(pa.int32()), "of each: place in the list of canonical behaviors, from 1"),
        event_time=(_list(_TIME), "of each"),
        price=(_list(pa.float64()), "of each"),
        category=(_list(pa.int32()), "of each: `category_index` of the item's category as of the day, 0 for none"),
        arrival_day=(_list(pa.int32()), "of each: `dt` of the event, the day that delivered it, in days since 1970"),
        seen=(_list(pa.int32()), "every distinct item within `sequences.history_days`, ascending"),
        events=(pa.int64(), "all within `sequences.history_days`, not only the listed ones"),
        seen_day=(_list(pa.int32()), "of each of `seen`: its last event's day since 1970; only with `history_days`"),
        active_day=(_list(pa.int32()), "each day with events, since 1970, ascending; only with `history_days`"),
        active_day_events=(_list(pa.int32()), "of each of `active_day`"),
    )


TABLES: dict[str, pa.Schema] = {
    "events": _table(
        user_id=(pa.string(), "who did it, as the shop wrote it"),
        item_id=(pa.string(), "with which item, as the shop wrote it; null of a search, or what else needs none"),
        behavior=(pa.string(), "one of the canonical behaviors"),
        event_time=(_TIME, "when it happened"),
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
    "quarantine": _table(
        raw=(pa.string(), "the refused line"),
        reason=(pa.string(), "the first rule that it breaks"),
        source_file=(pa.string(), "raw file that had the line"),
        source_line=(pa.int64(), "from 1"),
    ),
    "ingest_ledger": _table(
        source_file=(pa.string(), "a raw file"),
        raw_lines=(pa.int64(), "all of the file: the sum of the following four, where a line is one row"),
        accepted=(pa.int64(), "lines that became rows"),
        duplicates=(pa.int64(), "lines that an accepted one says already"),
        quarantined=(pa.int64(), "refused lines"),
        ignored=(pa.int64(), "lines that the configuration leaves out"),
        exploded=(pa.int64(), "rows beyond the first of each line: raw_lines + exploded is what the others add up to"),
        unread_values=(pa.int64(), "accepted or duplicate rows that lost an optional number that could not be read"),
    ),
    "items": _table(
        item_id=(pa.string(), "as the shop wrote it"),
        title=(pa.string(), "newest known"),
        description=(pa.string(), "newest known"),
        category=(pa.string(), "newest known"),
        brand=(pa.string(), "newest known"),
        price=(pa.float64(), "newest known, in the shop's currency"),
        image=(pa.string(), "address or path of a picture"),
        attributes=(_text_map(), "what else the shop says of it"),
        updated_at=(_TIME, "when the newest of its lines was written"),
    ),
    "users": _table(
        user_id=(pa.string(), "as the shop wrote it"),
        gender=(pa.string(), "newest known"),
        age=(pa.int32(), "in years, newest known"),
        region=(pa.string(), "newest known"),
        attributes=(_text_map(), "what else the shop says of them"),
        updated_at=(_TIME, "when the newest of their lines was written"),
    ),
    "campaigns": _table(
        user_id=(pa.string(), "who was in the campaign, as the shop wrote it"),
        campaign=(pa.string(), "its name: everybody of one campaign was given an arm by chance, at the same odds"),
        coupon=(pa.string(), "the arm: the coupon that was sent, or `coupons.control` where none was"),
        sent_at=(_TIME, "when it was sent, or would have been; the first time, where a line comes again"),
    ),
    "opt_outs": _table(
        user_id=(pa.string(), "who is not to be addressed, as of the day"),
        updated_at=(_TIME, "when the newest of their lines was written; the day of its delivery where it has no time"),
    ),
    "consents": _table(
        user_id=(pa.string(), "who has agreed to be addressed, as of the day"),
        updated_at=(_TIME, "as of `opt_outs`"),
    ),
    "seeds": _table(
        user_id=(pa.string(), "who is on a list of people that a look-alike audience starts from, as of the day"),
        list=(pa.string(), "its name"),
        updated_at=(_TIME, "as of `opt_outs`"),
    ),
    "user_days": _table(
        user_id=(pa.string(), "as the shop wrote it"),
        event_day=(pa.date32(), "shop-local day of the events, up to `ingest.max_late_days` before the delivery"),
        events=(pa.int64(), "of that day in this delivery, as all that follows"),
        hours=(pa.int32(), "a bit for each hour of the day with events, the lowest for midnight"),
        gaps=(pa.int64(), "pairs of consecutive events"),
        gap_ms=(pa.int64(), "milliseconds between consecutive events, summed"),
        gap_ms_squared=(pa.int64(), "their squares, summed"),
        **{behavior: (pa.int64(), f"events of behavior {behavior}") for behavior in BEHAVIORS},
        session_start=(_list(_TIME), "first event of each session, ascending; those of two deliveries may join"),
        session_end=(_list(_TIME), "last event of each"),
        session_events=(_list(pa.int32()), "events in each"),
        is_machine=(pa.bool_(), "whether this delivery alone crosses a threshold of `bots`"),
        until_midnight=(pa.bool_(), "whether the last session may go on after the day"),
    ),
    "item_days": _table(
        item_id=(pa.string(), "as the shop wrote it; an item can have several rows of one behavior, which add up"),
        behavior=(pa.string(), "one of the canonical behaviors"),
        events=(pa.int64(), "in this delivery"),
        bot_events=(pa.int64(), "of these, by users whose traffic of that day is a machine's"),
    ),
    "interest_days": _table(
        user_id=(pa.string(), "as the shop wrote it"),
        event_day=(pa.date32(), "shop-local day of the events, up to `ingest.max_late_days` before the delivery"),
        kind=(pa.string(), "of interest: category, brand, price_level, time_of_day, platform; `total` for all events"),
        value=(
            pa.string(),
            "the category, the brand, …; empty for `total`. Items have what the catalogue of `dt` says",
        ),
        behavior=(pa.string(), "one of the canonical behaviors"),
        events=(pa.int64(), "of that day in this delivery, as all that follows"),
        places=(pa.int64(), "of each, how many events of the user's day in this delivery came later, summed"),
        amount=(pa.int64(), "price times quantity, summed, in ten-thousandths of the shop's currency"),
    ),
    "sessions": _table(
        user_id=(pa.string(), "as the shop wrote it"),
        session_start=(_TIME, "first event; names the session together with the user"),
        session_end=(_TIME, "last event known as of the day"),
        events=(pa.int64(), "in between"),
    ),
    "bot_days": _table(
        user_id=(pa.string(), "as the shop wrote it"),
        event_day=(pa.date32(), "a day on which the traffic is a machine's"),
        reason=(pa.string(), "every threshold that was crossed"),
        events=(pa.int64(), "of the day"),
        active_hours=(pa.int32(), "hours of the day with events, of 24"),
        gap_variation=(pa.float64(), "coefficient of variation of the time between events; null where none passed"),
    ),
    "bots": _table(
        user_id=(pa.string(), "whose traffic is a machine's"),
        reason=(pa.string(), "every threshold that was crossed"),
        busiest_day_events=(pa.int64(), "events on the user's busiest day"),
        active_hours=(pa.int32(), "hours of a day with events, of 24, on the fullest one"),
        evidence=(pa.string(), "the newest day that crossed one, with its figures"),
    ),
    "vocab": _table(
        item_id=(pa.string(), "as the shop wrote it"),
        item_index=(pa.int32(), "its permanent number, from 2; 0 pads, 1 is unknown"),
        first_day=(pa.string(), "the day that it was first seen on, when it was numbered"),
    ),
    "categories": _table(
        category=(pa.string(), "as the shop wrote it"),
        category_index=(
            pa.int32(),
            "its permanent number, from 1; in the order of the text where several are new",
        ),
        first_day=(pa.string(), "the day of the `items` that named it first"),
    ),
    "sequences": _history_table(),
    "bot_sequences": _history_table(),
    "restated_sequences": _history_table(),
    "popularity": _table(
        item_index=(pa.int32(), "number of an item with an event in the last `sequences.popularity_days`"),
        item_id=(pa.string(), "as the shop wrote it"),
        events=(pa.int64(), "in these days"),
        rank=(pa.int32(), "from 1, most events first, ties by number"),
    ),
    "customer_days": _table(
        user_id=(pa.string(), "as the shop wrote it"),
        event_day=(pa.date32(), "shop-local day of the events, within `profiles.window_days`"),
        events=(pa.int64(), "of that day as of `dt`, as all that follows"),
        **{behavior: (pa.int64(), f"events of behavior {behavior}") for behavior in BEHAVIORS},
        sessions=(pa.int64(), "of the day, each delivery's by themselves"),
        session_events=(pa.int64(), "events in them"),
        session_ms=(pa.int64(), "milliseconds from the first to the last event of each, summed"),
        spent=(pa.int64(), "price times quantity of purchases, in ten-thousandths of the shop's currency"),
        returned=(pa.int64(), "the same of returns"),
    ),
    "customer_interests": _table(
        user_id=(pa.string(), "as the shop wrote it"),
        kind=(pa.string(), "of interest, as in `interest_days`"),
        value=(pa.string(), "the category, the brand, …"),
        behavior=(pa.string(), "one of the canonical behaviors"),
        event_day=(pa.date32(), "shop-local day of the events, within `profiles.window_days`"),
        events=(pa.int64(), "of that day as of `dt`"),
        places=(pa.int64(), "of each, how many events of the user's day came later in its delivery, summed"),
    ),
    "customer_features": _table(
        user_id=(pa.string(), "everybody with events within the window but bots"), **feature_fields()
    ),
    "profiles": _table(
        user_id=(pa.string(), "whose interest it is"),
        interest=(pa.string(), "its kind: category, brand, price_level, time_of_day or platform"),
        name=(pa.string(), "the category, the brand, …"),
        rank=(pa.int32(), "within the kind, from 1, by `value`"),
        value=(pa.float64(), "long-term interest: its share of the kind, from 0 to 1, of weighed and decayed events"),
        short_term=(pa.float64(), "the same of what the user did last"),
        confidence=(
            pa.float64(),
            "n / (n + `profiles.prior_events`), n: the kind's events as far as decay has left them",
        ),
        trend=(
            pa.float64(),
            "share of the last `profiles.trend_days` less that before, drawn to 0 where few events tell it",
        ),
        evidence=(pa.int64(), "events behind it, within `profiles.window_days`"),
        half_life_days=(pa.float64(), "in which an event's weight in `value` halves"),
        first_seen=(pa.date32(), "first day with events within the window"),
        last_seen=(pa.date32(), "last day with events"),
        version=(pa.string(), "of the rules: equal ones can be compared"),
    ),
    "coupons": _table(
        user_id=(pa.string(), "who is to get one"),
        coupon=(pa.string(), "which, one of `coupons.costs`"),
        increment=(pa.float64(), "predicted: how much more the customer brings with it, in the unit of the outcome"),
        cost=(pa.float64(), "of the coupon"),
    ),
    "coupon_figures": _table(
        figure=(
            pa.string(),
            "of a coupon's past campaigns, such as `qini`, or of what is given, such as `expected`; see README.md",
        ),
        coupon=(pa.string(), "which the figure is of; null of all together"),
        share=(pa.float64(), "of held-out customers, best first, at which the figure is; null where it is of all"),
        value=(pa.float64(), "increments are in the unit of the outcome"),
        low=(pa.float64(), "of the 95 % interval; null where there is none"),
        high=(pa.float64(), "of the 95 % interval; null where there is none"),
        rows=(pa.int64(), "of campaigns, or customers, that tell it"),
    ),
    "audiences": _table(
        audience=(pa.string(), "its name"),
        user_id=(pa.string(), "who is in it"),
        rank=(pa.int32(), "from 1, by score; null where a condition alone says who is in"),
        score=(pa.float64(), "how much like the seeds, or how likely the behavior, from 0 to 1; null in the same way"),
        held_out=(pa.bool_(), "whether they are not to be addressed, to be compared with the others"),
    ),
    "audience_sizes": _table(
        audience=(pa.string(), "its name"),
        priority=(pa.int32(), "from 1, the order of declaration"),
        kind=(pa.string(), "`rule`, `look_alike` or `propensity`"),
        rules=(pa.string(), "names what the audience was declared as: equal ones can be compared"),
        matched=(pa.int64(), "people whom the condition holds of"),
        opted_out=(pa.int64(), "of these, who are left out because they opted out"),
        without_consent=(pa.int64(), "of the others, who are left out because they have not agreed"),
        eligible=(pa.int64(), "who may be addressed, with a model the best of them by score"),
        capped=(pa.int64(), "of these, who are left out because they were in too many audiences"),
        held_out=(pa.int64(), "of the others, who are held out; these are in `audiences`"),
        addressed=(pa.int64(), "who remain"),
        expected=(pa.float64(), "`eligible` as the day before has foretold it; null where it did not"),
        forecast=(pa.float64(), "`eligible` as it is foretold for the next day"),
        auc=(pa.float64(), "of the model, on rows that it has not learnt from; null without a model"),
        auc_low=(pa.float64(), "of its 95 % interval"),
        auc_high=(pa.float64(), "of its 95 % interval"),
        learnt_from=(pa.int64(), "seeds, or people who showed the behavior; null without a model"),
        reason=(pa.string(), "why nobody is in it, where the data lack what it needs; else null"),
    ),
    "audience_overlaps": _table(
        audience=(pa.string(), "an audience"),
        other=(pa.string(), "another one, declared later"),
        users=(pa.int64(), "eligible for both"),
    ),
    "churn_models": _table(
        model_version=(pa.string(), "names the model; null, as all that follows, where there is none"),
        reason=(pa.string(), "why there is none; null where there is one"),
        cutoffs=(_list(pa.string()), "days whose features it learnt from"),
        validated_on=(pa.string(), "the day whose features it was calibrated and judged by"),
        training_rows=(pa.int64(), "users and days that it learnt from"),
        training_churners=(pa.int64(), "of these have churned"),
        resampled_rows=(pa.int64(), "made up or drawn again beside them, for training alone"),
        judged_rows=(pa.int64(), "users of `validated_on` who judged, and had no part in anything else"),
        judged_churners=(pa.int64(), "of these have churned"),
        auc=(pa.float64(), "P(who has churned got the higher probability)"),
        lift=(pa.float64(), "churners in the tenth with the highest probability, over as many at random"),
        calibration_error=(pa.float64(), "mean distance of probabilities from what came true, in tenths"),
        precision=(pa.float64(), "share of churners in the band `high`"),
        recall=(pa.float64(), "share of churners who are in the band `high`"),
        threshold=(pa.float64(), "probability from which the band is `high`"),
        baseline_auc=(pa.float64(), "of BG/NBD; null where nobody came twice"),
        auc_above_baseline=(pa.float64(), "AUC less that of BG/NBD, for the same users"),
        above_low=(pa.float64(), "of its paired 95 % interval"),
        above_high=(pa.float64(), "of its paired 95 % interval"),
        foretold=(_list(pa.float64()), "mean probability of each tenth of the judged users, ascending"),
        came_true=(_list(pa.float64()), "share of churners in each of these tenths"),
        model=(pa.string(), "the model itself, as JSON"),
    ),
    "churn": _table(
        user_id=(pa.string(), "everybody with a target day within `churn.active_days`"),
        probability=(pa.float64(), "of no target day in the `days` after the gap of `churn.gap_days`"),
        baseline_probability=(pa.float64(), "the same as BG/NBD alone says; null where it could not be fitted"),
        band=(pa.string(), "`high`: warned of; `middle`: from half the probability of `high`; `low`"),
        days=(pa.int32(), "the user's horizon: own rhythm or `churn.horizon_days`"),
        reasons=(_list(pa.string()), "of the band `high`: what makes it likely, in words, the strongest first"),
        model_version=(pa.string(), "that warns"),
    ),
    "train_blocks": _table(
        block_id=(pa.int64(), "numbers the day's blocks"),
        held_out_targets=(pa.int32(), "in the block; more than 0, or 0, in all blocks of a file"),
        item=(_list(pa.int32()), "`item_index` of each token, 0 pads, -1 hides what is to be foretold"),
        target=(_list(pa.int32()), "`item_index` to be foretold after the token, or in its place, 0 for none"),
        target_behavior=(_list(pa.int32()), "of the target"),
        target_minute=(_list(pa.int32()), "of the target, in minutes since 1970"),
        held_out=(_list(pa.int32()), "1 where the target judges the training and is no part of it"),
        segment=(_list(pa.int32()), "tells the block's histories apart, from 1"),
        position=(_list(pa.int32()), "within the history"),
        **{name: (_list(pa.int32()), f"code computed from `{source}`, 0 for none") for name, source in INPUTS.items()},
        minute=(_list(pa.int32()), "of the token's event, in minutes since 1970"),
    ),
    "models": _table(
        model_version=(pa.string(), "names the bundle"),
        path=(pa.string(), "of the bundle, below the warehouse"),
        manifest_sha256=(pa.string(), "of the bundle's list of files"),
        item_count=(pa.int32(), "items that it can rank"),
        parameters=(pa.int64(), "trained numbers"),
        loss=(pa.float64(), "of the last step"),
        train_seconds=(pa.float64(), "wall clock"),
        trained_through=(pa.string(), "the last day that it learnt from"),
    ),
    "recommendations": _table(
        user_id=(pa.string(), "for whom"),
        rank=(pa.int32(), "from 1"),
        item_id=(pa.string(), "what is suggested"),
        score=(pa.float64(), "higher is better, within one source"),
        source=(pa.string(), "`model` or `popularity`"),
        model_version=(pa.string(), "that ranked"),
    ),
    "user_vectors": _table(
        user_id=(pa.string(), "whom the model serves"),
        vector=(_list(pa.float32()), "what is multiplied with the items' vectors"),
        model_version=(pa.string(), "that made it"),
    ),
    "unserved": _table(
        user_id=(pa.string(), "who has fewer than `score.k` suggestions"),
        reason=(pa.string(), "why"),
        rows=(pa.int32(), "how many suggestions they have"),
    ),
    "metrics": _table(
        model_version=(pa.string(), "that was judged"),
        split=(pa.string(), "the future that it was judged by, such as `next_7_days`"),
        slice=(pa.string(), "`model`, a part of it such as `model:activity=10-49`, or a baseline"),
        metric=(pa.string(), "such as `ndcg@10`"),
        value=(pa.float64(), "mean over users, or of all lists; with `against`, how much more the model has"),
        low=(pa.float64(), "of the 95 % interval; null for figures of all lists"),
        high=(pa.float64(), "of the 95 % interval; null for figures of all lists"),
        users=(pa.int64(), "who were judged"),
        against=(pa.string(), "the contender that the model is compared with; null for a figure itself"),
        p_value=(pa.float64(), "of such a difference being chance: a paired test that flips signs"),
        p_adjusted=(pa.float64(), "the same where all tests of the day are taken together (Holm)"),
    ),
    "promotions": _table(
        number=(pa.int32(), "place among the decisions of the day, from 1; the newest one says who is champion"),
        decided=(pa.string(), "`first`, `promoted`, `refused`, `kept` or `rolled_back`"),
        champion=(pa.string(), "version of the model that serves from then on"),
        challenger=(pa.string(), "version of the newer model that was looked at; null where there was none"),
        champion_before=(pa.string(), "version of the model that served until then; null at first"),
        metric=(pa.string(), "that decided, such as `ndcg@10`; null, as all figures, where nothing was judged"),
        difference=(pa.float64(), "challenger minus former champion, for the same users and days"),
        low=(pa.float64(), "of its paired 95 % interval"),
        high=(pa.float64(), "of its paired 95 % interval"),
        users=(pa.int64(), "who were judged"),
        reason=(pa.string(), "in one sentence"),
        path=(pa.string(), "of the champion's bundle, below the warehouse"),
        manifest_sha256=(pa.string(), "of that bundle's list of files"),
        trained_through=(pa.string(), "the last day that the champion learnt from"),
        judged_through=(pa.string(), "models of later days alone can be challengers: of these, none was judged yet"),
    ),
    "comparisons": _table(
        model=(pa.string(), "the model, variant or baseline that was judged"),
        model_version=(pa.string(), "its bundle, of the first seed; null for a baseline, as all that training tells"),
        split=(pa.string(), "the future that all were judged by, such as `next_7_days`"),
        metric=(pa.string(), "such as `ndcg@10`"),
        value=(pa.float64(), "mean over users"),
        low=(pa.float64(), "of its 95 % interval"),
        high=(pa.float64(), "of its 95 % interval"),
        difference=(pa.float64(), "to the first model's value; null for the first one, as the bounds"),
        difference_low=(pa.float64(), "of the paired 95 % interval over the same users"),
        difference_high=(pa.float64(), "of the paired 95 % interval over the same users"),
        users=(pa.int64(), "who were judged"),
        seeds=(pa.int32(), "trainings whose values a user has the mean of; null for a baseline"),
        seed_deviation=(pa.float64(), "standard deviation of the trainings' own values; null for fewer than two"),
        parameters=(pa.int64(), "trained numbers"),
        train_seconds=(pa.float64(), "wall clock"),
        peak_memory_mb=(pa.float64(), "resident memory of all training ranks together, in MiB"),
    ),
    "gates": _table(
        figure=(pa.string(), "what was measured, such as `nulls:price`"),
        value=(pa.float64(), "of the day"),
        low=(pa.float64(), "a value below is an alarm; null where there is no bound"),
        high=(pa.float64(), "a value above is an alarm; null where there is no bound"),
        median=(pa.float64(), "what was expected from the days before; null while too few are known"),
        history=(pa.int32(), "days that this was learnt from"),
        state=(pa.string(), "`ok`, `warm-up`, `expected`, `warned`, `blocked` or `accepted`"),
        reason=(pa.string(), "what is wrong; null where nothing is"),
        count=(pa.int64(), "events, lines or lists that the value is told by"),
        shares=(pa.map_(pa.string(), pa.float64()), "of a figure that tells drift: each label's part of the day"),
        accepted_by=(pa.string(), "who let an alarm pass"),
        accepted_at=(_TIME, "when"),
        accepted_because=(pa.string(), "why"),
    ),
}
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
    *("train_blocks", "user_vectors"),
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
    **dict.fromkeys(("audiences", "audience_sizes", "audience_overlaps"), "audience"),
    **dict.fromkeys(("churn_models", "churn"), "churn"),
    **dict.fromkeys(("train_blocks", "models"), "train"),
    **dict.fromkeys(("recommendations", "user_vectors", "unserved"), "score"),
    "metrics": "evaluate",
    "promotions": "promote",
    "comparisons": "compare",
    "gates": "ingest",
}
"""The job that makes each table, to name in messages."""
