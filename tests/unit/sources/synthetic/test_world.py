"""What the events say agrees with what was planted: interests, order, bots, popularity, words."""

import itertools
import re
from collections import Counter

import numpy as np
import pandas as pd

from interest_spark.sources.synthetic.words import CATEGORIES

from .conftest import PLAN, ShopReading

MAX_EVENTS, MAX_HOURS, MIN_FOR_RHYTHM, MIN_VARIATION = 500, 20, 50, 0.1  # of BotsConfig
HUMAN_EVENTS, HUMAN_HOURS = 200, 14


def people_events(shop: ShopReading) -> pd.DataFrame:
    """People's events with the item's category."""
    category = shop.truth["item_categories"].set_index("item_id")["category"]
    events = shop.events[~shop.events["user_id"].isin(shop.truth["bots"]["user_id"])]
    return events.assign(category=events["item_id"].map(category)).sort_values(["user_id", "time"])


def test_interests_sum_to_one_and_three_hold_most(shop: ShopReading) -> None:
    interests = shop.truth["interests"]
    sums = interests.groupby(["user_id", "first_day"])["weight"].sum()
    assert np.allclose(sums, 1.0)
    top = shop.truth["top_categories"].groupby("user_id")["weight"].sum()
    assert len(top) == PLAN.users - len(shop.truth["bots"])
    assert top.between(0.85, 0.91).all()
    last = interests.sort_values("first_day").groupby(["user_id", "category"])["weight"].last()
    strongest = last.groupby("user_id").nlargest(3).groupby(level=0).sum()
    assert np.allclose(strongest.sort_index(), top.sort_index())


def test_interests_drift_slowly(shop: ShopReading) -> None:
    interests = shop.truth["interests"].sort_values("weight", ascending=False)
    top = interests.groupby(["user_id", "first_day"])["category"].agg(lambda names: frozenset(names[:3]))
    changes = top.groupby("user_id").size() - 1
    assert 0.3 < changes.mean() / (PLAN.days * 2 / 42) < 2.0
    for _, history in top.sort_index().groupby("user_id"):
        for before, after in itertools.pairwise(history):
            assert len(before & after) >= 2  # one interest at a time


def test_events_reflect_the_interests_of_their_day(shop: ShopReading) -> None:
    events = people_events(shop)
    planted = shop.truth["interests"].sort_values(["first_day", "weight"], ascending=[True, False])
    top = planted.groupby(["user_id", "first_day"], sort=True)["category"].agg(lambda names: set(names[:3]))
    history = {user: list(part.droplevel(0).items()) for user, part in top.groupby(level=0)}

    def liked(event: object) -> bool:
        day = str(event.time.date())  # type: ignore[attr-defined]
        now = [names for first, names in history[event.user_id] if first <= day][-1]  # type: ignore[attr-defined]
        return event.category in now  # type: ignore[attr-defined]

    assert 0.80 < np.mean([liked(event) for event in events.itertuples()]) < 0.95


def test_popularity_within_a_category_is_skewed(shop: ShopReading) -> None:
    large = [part["item_id"].value_counts() for _, part in people_events(shop).groupby("category")]
    large = [counts for counts in large if counts.size >= 15]
    assert len(large) >= 5
    for counts in large:
        assert counts.iloc[0] > 2.5 * counts.median()
        assert counts.iloc[: counts.size // 5].sum() > 0.3 * counts.sum()  # a fifth of the items


def test_the_present_item_tells_the_next_one(shop: ShopReading) -> None:
    """Ten followers of each item, learned from even users, are met by odd users far more than the ten most popular."""
    events = people_events(shop)
    follows = (events["user_id"] == events["user_id"].shift(-1)) & (events["item_id"] != events["item_id"].shift(-1))
    pairs = events.assign(then=events["item_id"].shift(-1))[follows]
    parity = pairs["user_id"].map(lambda user: sum(user.encode()) % 2)
    learned = pairs[parity == 0].groupby("item_id")["then"].agg(lambda items: set(items.value_counts().index[:10]))
    popular = set(events["item_id"].value_counts().index[:10])
    judged = pairs[parity == 1]
    by_item = np.mean(
        [then in learned.get(item, ()) for item, then in zip(judged["item_id"], judged["then"], strict=True)]
    )
    assert by_item > 2.5 * judged["then"].isin(popular).mean()


def test_purchases_follow_carts_of_the_same_item_and_session(shop: ShopReading) -> None:
    events = people_events(shop).sort_values(["session_id", "time"])
    before = events[["session_id", "item_id", "behavior", "quantity"]].shift(1)
    bought = events["behavior"] == "purchase"
    assert bought.any()
    for column in ("session_id", "item_id", "quantity"):
        assert (before.loc[bought, column] == events.loc[bought, column]).all()
    assert (before.loc[bought, "behavior"] == "cart").all()
    counts = events["behavior"].value_counts()
    assert list(counts.index) == ["view", "cart", "favorite", "purchase"]
    assert (events["quantity"].notna() == events["behavior"].isin(["cart", "purchase"])).all()


def test_bots_are_beyond_what_people_do(shop: ShopReading) -> None:
    bots = dict(zip(shop.truth["bots"]["user_id"], shop.truth["bots"]["kind"], strict=True))
    assert set(bots.values()) == {"high_volume", "steady_rhythm", "round_the_clock"}
    flagged = set()
    for (user, _), day in shop.events.groupby(["user_id", "arrival"]):
        times = day["time"].sort_values()
        gaps = times.diff().dropna().dt.total_seconds()
        hours = max(times.dt.hour.nunique(), times.dt.floor("h").nunique())
        regular = len(times) >= MIN_FOR_RHYTHM and gaps.std(ddof=0) / gaps.mean() < MIN_VARIATION
        if len(times) > MAX_EVENTS or times.dt.hour.nunique() >= MAX_HOURS or regular:
            flagged.add(user)
        if user not in bots:
            assert len(times) <= HUMAN_EVENTS and hours <= HUMAN_HOURS
            assert len(times) < MIN_FOR_RHYTHM or gaps.std(ddof=0) / gaps.mean() > 5 * MIN_VARIATION
    assert flagged == set(bots)


def test_keen_people_are_heavy_but_no_bots(shop: ShopReading) -> None:
    keen = set(shop.truth["keen_users"]["user_id"])
    assert keen and not keen & set(shop.truth["bots"]["user_id"])
    per_day = people_events(shop).groupby(["user_id", "arrival"]).size().groupby("user_id").mean()
    assert per_day[per_day.index.isin(keen)].median() > 3 * per_day[~per_day.index.isin(keen)].median()


def test_the_evening_and_the_weekend_are_busier(shop: ShopReading) -> None:
    events = people_events(shop)
    sessions = events.groupby("session_id")["time"].min()
    # Four days of each kind lie in the plan.
    assert (sessions.dt.dayofweek >= 5).sum() > 1.05 * (sessions.dt.dayofweek < 3).sum()
    # Most users live at UTC+8: their evening is the early afternoon in UTC, their night the evening.
    by_hour = sessions.dt.hour.value_counts()
    assert by_hour.reindex(range(11, 15)).sum() > 1.5 * by_hour.reindex(range(18, 22)).sum()


def test_rate_of_events_and_faults(shop: ShopReading) -> None:
    counts = shop.shop.counts
    assert 1.3 < counts["good"] / (PLAN.users * PLAN.days) < 2.6
    files = shop.truth["files"].set_index("source_file").filter(like="events/", axis=0)
    assert counts["broken"] / counts["event_lines"] < 0.02
    assert (files["broken"] / files["lines"] < 0.04).all()


def test_texts_fit_the_category_in_both_languages(shop: ShopReading) -> None:
    words = {category.name: category for category in CATEGORIES}
    scripts = Counter()
    for _, item in shop.delivered("items"):
        category = words[str(item["category"])]
        title, description = str(item["title"]), str(item["description"])
        assert any(english in title or chinese in title for english, chinese in category.goods)
        assert any(english in description and chinese in description for english, chinese in category.goods)
        assert item["brand"] in category.brands and title.startswith(str(item["brand"]))
        assert str(item["image"]).startswith(f"{category.name}/")
        scripts[bool(re.search("[\u4e00-\u9fff]", title))] += 1
    assert min(scripts.values()) > 0.3 * sum(scripts.values())
    queries = people_events(shop).dropna(subset="query")
    assert len(queries) > 100
    for query, name in zip(queries["query"], queries["category"], strict=True):
        assert query in {text for good in words[name].goods for text in good}


def test_prices_differ_by_category(shop: ShopReading) -> None:
    items = pd.DataFrame([item for _, item in shop.delivered("items")])
    medians = items.groupby("category")["price"].median()
    assert (items["price"] >= 0.5).all()
    assert medians["phones"] > 5 * medians["snacks"]
