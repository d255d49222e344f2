"""Past campaigns as trials: what was known of each customer the day before, which coupon chance gave, what came of it.

All of a campaign was sent by the end of the day, and so were all of the purchases that it is judged by.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from interest_spark.applications.keys import shares, user_keys
from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.schemas.customer_features import FEATURES
from interest_spark.schemas.interests import AMOUNTS_A_UNIT
from interest_spark.storage.parts import empty_frame, read_pieces, read_table_pieces

COLUMNS = tuple(each.name for each in FEATURES if not pa.types.is_string(each.type))
"""What coupons are chosen by: the features that are numbers, unknown where they are."""

CAMPAIGNS = "campaigns"
_OUTCOMES = {"spent": ("spent", AMOUNTS_A_UNIT), "purchases": ("purchase", 1)}
"""The column of `customer_days` that holds each outcome, and how many of its units make one."""

_NO_FEATURES = pl.DataFrame(schema={"user_id": pl.String, "sent": pl.Date, **dict.fromkeys(COLUMNS, pl.Float32)})
_NOTHING_BOUGHT = pl.DataFrame(schema={"user_id": pl.String, "event_day": pl.Date, "amount": pl.Int64})


@dataclass(frozen=True)
class TrialRules:
    """What of past campaigns is learnt from, as of the `day`; see the section `coupons` of the configuration."""

    day: date
    zone: str
    coupons: tuple[str, ...]
    control: str
    outcome: str
    margin: float
    window_days: int
    history_days: int
    feature_days: frozenset[date]
    salt: str

    @property
    def first(self) -> date:
        """The first day that a campaign that counts can have been sent on."""
        return self.day - timedelta(self.history_days - 1)

    @property
    def last(self) -> date:
        """The last day: its window, which begins with it, ends with the day."""
        return self.day - timedelta(self.window_days - 1)


def sends_of(rows: pl.DataFrame, rules: TrialRules) -> pl.DataFrame:
    """Rows of `campaigns` that can be learnt from, with `sent`, the shop's day."""
    known = pl.Series([each + timedelta(1) for each in sorted(rules.feature_days)], dtype=pl.Date)
    return (
        rows.with_columns(sent=pl.col("sent_at").dt.convert_time_zone(rules.zone).dt.date())
        .filter(pl.col("coupon").is_in([*rules.coupons, rules.control]))
        .filter(pl.col("sent").is_between(rules.first, rules.last) & pl.col("sent").is_in(known.implode()))
        .drop("sent_at")
    )


def count_sends(files: Iterable[str], rules: TrialRules) -> pl.DataFrame:
    """How many customers of each campaign had each arm: `campaign`, `coupon`, `sends`."""
    parts = [sends_of(rows, rules).group_by("campaign", "coupon").len("sends") for rows in _pieces(files)]
    none = pl.DataFrame(schema={"campaign": pl.String, "coupon": pl.String, "sends": pl.UInt32})
    return pl.concat([none, *parts]).group_by("campaign", "coupon").agg(pl.col("sends").sum())


def sample_sends(files: Iterable[str], rules: TrialRules, share: float) -> pl.DataFrame:
    """The sends of a share of all users, by their keys: a user is in with all of them, or with none."""
    parts = [sends_of(empty_frame(CAMPAIGNS), rules)]
    for rows in _pieces(files):
        sends = sends_of(rows, rules)
        drawn = shares(user_keys(sends["user_id"], f"{rules.salt} sample")) < share
        parts.append(sends.filter(pl.Series(drawn)))
    return pl.concat(parts)


def _pieces(files: Iterable[str]) -> Iterator[pl.DataFrame]:
    for file in files:
        yield from read_table_pieces(file, CAMPAIGNS)


def features_before(file: str, day: date, sends: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Features of the day of those who were sent something on the day after: `user_id`, `sent` and COLUMNS."""
    sent = day + timedelta(1)
    users = sends.filter(pl.col("sent") == sent)["user_id"].unique()
    for rows in read_table_pieces(file, FEATURE_TABLE, ["user_id", *COLUMNS]):
        own = rows.filter(pl.col("user_id").is_in(users.implode()))
        yield own.select("user_id", pl.lit(sent).alias("sent"), *(pl.col(name).cast(pl.Float32) for name in COLUMNS))


def outcomes_since(file: str, rules: TrialRules, sends: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """What those who were sent something bought each day: `user_id`, `event_day`, `amount`, a whole number."""
    column, _ = _OUTCOMES[rules.outcome]
    users = sends["user_id"].unique()
    for rows in read_pieces(file, ("user_id", "event_day", column)):
        own = rows.filter(pl.col("user_id").is_in(users.implode()) & (pl.col("event_day") >= rules.first))
        yield own.filter(pl.col(column) != 0).select("user_id", "event_day", amount=pl.col(column))


@dataclass(frozen=True)
class Sends:
    """Sampled rows of campaigns, m in all: `arm` names the coupon or `control`, `features` is float32[m, f].

    `outcome`: float64[m], in the unit of the outcome. `key`: int64[m], tells customers apart.
    """

    campaign: NDArray[np.object_]
    arm: NDArray[np.object_]
    features: NDArray[np.float32]
    outcome: NDArray[np.float64]
    key: NDArray[np.int64]
    held_out: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.key)


def assemble(
    sends: pl.DataFrame,
    features: Sequence[pl.DataFrame],
    bought: Sequence[pl.DataFrame],
    rules: TrialRules,
    share: float,
) -> Sends:
    """The sampled sends with features and outcomes, in the order of user and campaign; `share` of users are held out.

    Customers of whom nothing was known the day before are left out: no feature says anything of them.
    """
    known = pl.concat([_NO_FEATURES, *features])
    rows = sends.join(known, on=["user_id", "sent"], how="inner").sort("user_id", "campaign")
    amounts = (
        rows.select("user_id", "campaign", "sent")
        .join(pl.concat([_NOTHING_BOUGHT, *bought]), on="user_id", how="inner")
        .filter(pl.col("event_day").is_between("sent", pl.col("sent") + timedelta(rules.window_days - 1)))
        .group_by("user_id", "campaign")
        .agg(pl.col("amount").sum())
    )
    rows = rows.join(amounts, on=["user_id", "campaign"], how="left", maintain_order="left")
    keys = user_keys(rows["user_id"], rules.salt)
    return Sends(
        rows["campaign"].to_numpy(),
        rows["coupon"].to_numpy(),
        rows.select(COLUMNS).to_numpy().astype(np.float32),
        rows["amount"].fill_null(0).to_numpy() * (rules.margin / _OUTCOMES[rules.outcome][1]),
        keys,
        shares(keys) < share,
    )


def propensities(counts: pl.DataFrame, coupon: str, control: str) -> Mapping[str, float]:
    """By campaign: of those who had the coupon or nothing, the share who had it, of campaigns that have both."""
    arms = {(row["campaign"], row["coupon"]): row["sends"] for row in counts.to_dicts()}
    found = {}
    for campaign in sorted({campaign for campaign, _ in arms}):
        treated, others = arms.get((campaign, coupon), 0), arms.get((campaign, control), 0)
        if treated and others:
            found[campaign] = treated / (treated + others)
    return found
