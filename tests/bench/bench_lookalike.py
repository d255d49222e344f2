"""How well look-alike audiences find people of a kind: of planted segments, and households by what their members are.

    python -m tests.bench.bench_lookalike [--data ../shared/data/completejourney] [--users 3000]

Planted: people browse and buy at random but for a segment, which has a taste and an hour of its own, each for a third
of its events, and buys more often. A third of it are the seeds. Judged is the rest of it against everybody else, whom
the model has taken for others (positive and unlabelled learning, as in a shop); the goal is an AUC of 0.8.

completejourney: purchases of a year (one line of twenty, at random) make customer features as of its last day; for each
attribute of the demographics with 60 to 600 of 801 households, those households are the kind that is looked for. Each
household is scored by a model of the other four fifths, with the settings of the nightly step. Reported are the AUC
with its interval, and the gain: the precision among the fifth with the highest scores less the base rate, its interval
by 2,000 bootstrap samples of households; for each attribute, and as means of all. None is chosen by its figures.
"""

import argparse
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from interest_spark.features.customers.catalogue import price_levels
from interest_spark.features.customers.features import features_of
from interest_spark.metrics.scored.auc import auc
from interest_spark.metrics.scored.scored import Scored
from interest_spark.models.customer_trees import auc_with_interval, fit_trees, judge_trees
from interest_spark.schemas.tables import TABLES
from tests.bench.reports import Figure, figure, report, say
from tests.customer_world import NOTHING, SCHEMA, carry

FEATURES = tuple(name for name in TABLES["customer_features"].names if name != "user_id")
DATA = Path(__file__).resolve().parents[3] / "shared/data/completejourney"
DAY, WINDOW = date(2026, 6, 30), 180
SEGMENT_SHARE, SEED_SHARE, FOLDS, TOP_SHARE, SAMPLES = 0.2, 1 / 3, 5, 0.2, 2_000
CATEGORIES, SEGMENTS = 12, 5


def main() -> None:
    options = _options()
    found = planted(options.users)
    details: dict[str, Any] = {}
    if (options.data / "demographics.csv.gz").exists():
        attributes, means = households(options.data)
        best = [each for each in attributes if each["auc_low"] > 0.5]
        above = [each for each in attributes if each["gain_low"] > 0]
        found += [
            figure("completejourney, AUC", "", [each["auc"] for each in attributes]),
            figure(
                "completejourney, precision of the top fifth / base rate", "", [each["lift"] for each in attributes]
            ),
            figure("completejourney, attributes whose AUC's interval is above 0.5", "", [len(best)], 0),
            figure("completejourney, attributes whose gain's interval is above 0", "", [len(above)], 0),
        ]
        details = {"attributes": attributes, "means_with_intervals": means}
    report("lookalike", f"{options.users} planted customers; completejourney", found, **details)


def planted(users: int) -> list[Figure]:
    """AUC over several segments, each of another world."""
    aucs = []
    for seed in range(SEGMENTS):
        rows, of_segment = planted_features(users, seed)
        rng = np.random.default_rng(100 + seed)
        is_seed = of_segment & (rng.random(len(rows)) < SEED_SHARE)
        label, weight = is_seed.astype(np.float64), np.ones(len(rows))
        fold = rng.integers(0, FOLDS, len(rows))
        judged = np.zeros(len(rows))
        for number in range(FOLDS):  # who is judged is no part of what the model has learnt from
            here = fold == number
            model = fit_trees(rows.filter(~here), FEATURES, label[~here], weight[~here])
            judged[here] = model.scores(rows.filter(here))
        value = auc_with_interval(of_segment[~is_seed].astype(np.float64), judged[~is_seed])
        say(f"planted segment {seed}: {is_seed.sum()} seeds of {of_segment.sum()}, AUC {value}")
        aucs.append(value.value)
    return [figure("planted segments, AUC", "", aucs)]


def planted_features(users: int, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Features of people, and who is of the segment: bool[users], in the order of the rows."""
    rng = np.random.default_rng(seed)
    of_segment = rng.random(users) < SEGMENT_SHARE
    counts = rng.poisson(12, users) + 1
    user = np.repeat(np.arange(users), counts)
    inside = of_segment[user]
    taste, hour_of = rng.integers(0, CATEGORIES), 6 * rng.integers(0, 4)
    own = inside & (rng.random(len(user)) < 0.35)
    category = np.where(own, taste, rng.integers(0, CATEGORIES, len(user)))
    at_hour = inside & (rng.random(len(user)) < 0.35)
    hour = np.where(at_hour, hour_of + rng.integers(0, 6, len(user)), rng.integers(0, 24, len(user)))
    buys = rng.random(len(user)) < np.where(inside, 0.2, 0.1)
    ages = rng.integers(0, 90, len(user))
    begin = datetime(DAY.year, DAY.month, DAY.day, tzinfo=timezone.utc)
    rows = {
        "user_id": [f"user-{number:06d}" for number in user],
        "item_id": [f"item-{each:03d}-{place % 9}" for place, each in enumerate(category)],
        "behavior": np.where(buys, "purchase", "view").tolist(),
        "event_time": [
            begin - timedelta(days=int(age)) + timedelta(hours=int(each), minutes=int(minute))
            for age, each, minute in zip(ages, hour, rng.integers(0, 60, len(user)), strict=True)
        ],
        "quantity": [1.0] * len(user),
        "price": np.round(rng.gamma(2, 20, len(user)), 2).tolist(),
        "platform": np.where(rng.random(len(user)) < 0.5, "app", "web").tolist(),
    }
    events = pl.DataFrame({name: rows[name] for name in SCHEMA}, schema=SCHEMA)
    items = sorted(set(rows["item_id"]))
    catalogue = pl.DataFrame(
        {
            "item_id": items,
            "category": [each[:8] for each in items],
            "brand": [f"brand {each[-1]}" for each in items],
            "price": [10.0] * len(items),
        }
    )
    found = features_at(events, catalogue, DAY, WINDOW)
    number = found["user_id"].str.slice(5).cast(pl.Int64).to_numpy()
    return found, of_segment[number]


def features_at(events: pl.DataFrame, catalogue: pl.DataFrame, day: date, window: int) -> pl.DataFrame:
    """Rows of `customer_features`, in the order of the ids; `catalogue` has a price."""
    known = catalogue.with_columns(price_level=price_levels(catalogue)).drop("price")
    state = carry(NOTHING, [events], known, day - timedelta(window - 1))
    return pl.DataFrame(features_of(*state, day, window))


def households(data: Path) -> tuple[list[Mapping[str, Any]], Mapping[str, Any]]:
    """A row for each attribute of the demographics, and the mean AUC and gain of all with their intervals."""
    demographics = pl.read_csv(data / "demographics.csv.gz", infer_schema=False)
    features = _household_features(data).join(
        demographics.rename({"household_id": "user_id"}), on="user_id", how="inner"
    )
    features = features.sort("user_id")
    rng = np.random.default_rng(5)
    fold, weight = rng.integers(0, FOLDS, len(features)), np.ones(len(features))
    rows, judged = [], []
    for column in (each for each in demographics.columns if each != "household_id"):
        for value in sorted(set(features[column].drop_nulls())):
            label = (features[column] == value).fill_null(value=False).cast(pl.Float64).to_numpy()
            if not 60 <= label.sum() <= 600:
                continue
            labels, scores = judge_trees(features, FEATURES, label, weight, fold)
            rows.append(_judged(f"{column}: {value}", labels, scores, rng))
            judged.append((labels, scores))
            say(str(rows[-1]))
    return rows, _means(judged, rng)


def _means(judged: Sequence[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator) -> Mapping[str, Any]:
    """Over all attributes, whose labels and scores are of the same households in the same order."""
    households = len(judged[0][0])

    def means(chosen: np.ndarray) -> tuple[float, float]:
        pairs = [(label[chosen], score[chosen]) for label, score in judged]
        aucs = [auc(Scored.of_rows(*each)) for each in pairs]
        return float(np.mean(aucs)), float(np.mean([gain(*each) for each in pairs]))

    drawn = np.array([means(rng.integers(0, households, households)) for _ in range(SAMPLES // 4)])
    bounds = np.quantile(drawn, [0.025, 0.975], axis=0)
    found = means(np.arange(households))
    return {
        name: {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}
        for name, value, low, high in zip(("auc", "gain"), found, *bounds, strict=True)
    }


def gain(label: np.ndarray, score: np.ndarray) -> float:
    """Precision among the TOP_SHARE with the highest scores, less the base rate."""
    best = np.argsort(-score, kind="stable")[: int(TOP_SHARE * len(score))]
    return float(label[best].mean() - label.mean())


def _judged(name: str, label: np.ndarray, score: np.ndarray, rng: np.random.Generator) -> Mapping[str, Any]:
    """AUC, and the precision of the best fifth less the base rate, with intervals."""
    area, gained = auc_with_interval(label, score), gain(label, score)
    samples = (rng.integers(0, len(label), len(label)) for _ in range(SAMPLES))
    drawn = [gain(label[chosen], score[chosen]) for chosen in samples]
    low, high = np.quantile(drawn, [0.025, 0.975])
    base = float(label.mean())
    return {
        "attribute": name,
        "households": int(label.sum()),
        **{
            key: round(value, 4) for key, value in (("auc", area.value), ("auc_low", area.low), ("auc_high", area.high))
        },
        "base_rate": round(base, 4),
        "gain": round(gained, 4),
        "gain_low": round(float(low), 4),
        "gain_high": round(float(high), 4),
        "lift": round((base + gained) / base, 4),
    }


def _household_features(data: Path) -> pl.DataFrame:
    bought = pl.read_csv(data / "transactions_sample.csv.gz", infer_schema=False)
    number = {name: pl.col(name).cast(pl.Float64) for name in ("quantity", "sales_value")}
    events = bought.select(
        user_id="household_id",
        item_id="product_id",
        behavior=pl.lit("purchase"),
        event_time=pl.col("transaction_timestamp")
        .str.slice(0, 19)
        .str.replace("T", " ")
        .str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC"),
        quantity=number["quantity"].clip(1.0),
        price=number["sales_value"] / number["quantity"].clip(1.0),
        platform=pl.col("store_id"),
    )
    events = events.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    prices = events.group_by("item_id").agg(pl.col("price").mean())
    products = pl.read_csv(data / "products.csv.gz", infer_schema=False)
    catalogue = products.select(item_id="product_id", category="product_category", brand="brand").join(
        prices, on="item_id", how="inner"
    )
    last = events["event_time"].max()
    assert isinstance(last, datetime)
    return features_at(events, catalogue, last.date(), 365)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--users", type=int, default=3_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
