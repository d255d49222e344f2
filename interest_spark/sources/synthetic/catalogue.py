"""The catalogue: which items exist from which day, how popular they are, what follows what, and their texts."""

import json
from functools import cached_property

import numpy as np

from interest_spark.sources.synthetic.ids import UNUSUAL_ITEMS, Ids, json_line, make_ids, unusual_count
from interest_spark.sources.synthetic.plan import Floats, Ints, Objects, ShopPlan
from interest_spark.sources.synthetic.words import CATEGORIES, PRAISE, QUALITIES

ZIPF_EXPONENT = 1.0
SUCCESSORS = 3
_FIRST_DAY_SHARE = 0.8
_ITEMS_PER_CATEGORY = 4  # at least, so that a tiny shop has few categories rather than empty ones
_PRICE_CHANGES = 0.005  # of the items, a day


class Catalogue:
    """All items of the shop by index, sorted by category and then by launch day.

    So the items of a category on sale on a given day are one slice. Arrays have the shape (items,):
    `category`, `launch` (day number), `popularity` (Zipf weight within the category), `brand`, `price`;
    `successors` (items, 3) are the items most often viewed next: the same brand's next popular ones.
    """

    def __init__(self, plan: ShopPlan) -> None:
        rng = plan.rng("catalogue")
        self._plan = plan
        self.categories = min(len(CATEGORIES), max(1, int(plan.items * _FIRST_DAY_SHARE) // _ITEMS_PER_CATEGORY))
        self.category, self.launch = _place(plan, self.categories, rng)
        self.popularity = _zipf_within(self.category, rng)
        self.brand = np.minimum(rng.geometric(0.35, plan.items) - 1, 4)
        self.price = self._first_prices(rng)
        self.successors = _successors(self.category, self.brand, self.popularity)
        self.complement = self._complements()
        self.ids = self._name_items(rng)
        self._good, self._quality, self._praise, self._language = (
            rng.integers(0, size, plan.items) for size in (5, len(QUALITIES), len(PRAISE), 2)
        )
        self._cumulative = np.concatenate(([0.0], np.cumsum(self.popularity)))
        self._category_start = np.searchsorted(self.category, np.arange(self.categories))
        self._category_end = self._category_start

    def open_day(self, day: int) -> Ints:
        """Put the day's new items on sale and change some prices; returns the items to deliver, ascending."""
        key = self.category * (self._plan.days + 1) + self.launch
        wanted = np.arange(self.categories) * (self._plan.days + 1) + day
        self._category_end = np.searchsorted(key, wanted, side="right")
        return np.union1d(np.flatnonzero(self.launch == day), self._change_prices(day))

    def on_sale(self, day: int) -> Ints:
        """All items launched by `day`."""
        return np.flatnonzero(self.launch <= day)

    def draw(self, category: Ints, rng: np.random.Generator) -> Ints:
        """One item on sale of each given category, by popularity; shape as given."""
        low = self._cumulative[self._category_start[category]]
        high = self._cumulative[self._category_end[category]]
        point = low + rng.random(category.size) * (high - low)
        found = np.searchsorted(self._cumulative, point, side="right") - 1
        return np.clip(found, self._category_start[category], self._category_end[category] - 1)

    @cached_property
    def queries(self) -> Objects:
        """Search texts as JSON, `queries_per_category` for each category in turn."""
        texts = [text for category in CATEGORIES[: self.categories] for good in category.goods for text in good]
        return np.array([json.dumps(text, ensure_ascii=False) for text in texts], dtype=object)

    @property
    def queries_per_category(self) -> int:
        return self.queries.size // self.categories

    def item_line(self, item: int) -> str:
        """The item's line as it is delivered, with its present price."""
        category, brand = CATEGORIES[self.category[item]], self._brand_name(item)
        good, quality = category.goods[self._good[item]], QUALITIES[self._quality[item]]
        praise = PRAISE[self._praise[item]]
        english, chinese = f"{quality[0]} {good[0]}", f"{quality[1]}{good[1]}"
        fields = {
            "title": f"{brand} {(english, chinese)[self._language[item]]}",
            "description": f"{praise[0]}: {english} by {brand}. {category.chinese}·{chinese}，{praise[1]}。",
            "category": category.name,
            "brand": brand,
            "price": float(self.price[item]),
            "image": f"{category.name}/{item:07d}.jpg",
        }
        return json_line("item_id", self.ids.json[item], fields)

    def _brand_name(self, item: int) -> str:
        return CATEGORIES[self.category[item]].brands[self.brand[item]]

    def _change_prices(self, day: int) -> Ints:
        if day == 0:
            return np.empty(0, dtype=np.int64)
        rng = self._plan.rng("prices", day)
        offered = np.flatnonzero(self.launch < day)
        changed = rng.choice(offered, max(1, int(offered.size * _PRICE_CHANGES)), replace=False)
        self.price[changed] = _whole_cents(self.price[changed] * rng.uniform(0.85, 1.15, changed.size))
        return np.asarray(changed)

    def _first_prices(self, rng: np.random.Generator) -> Floats:
        median = np.array([category.median_price for category in CATEGORIES])[self.category]
        spread = np.array([category.price_spread for category in CATEGORIES])[self.category]
        return _whole_cents(median * np.exp(spread * rng.standard_normal(median.size)))

    def _complements(self) -> Ints:
        names = [category.name for category in CATEGORIES]
        wanted = np.array([names.index(category.complement) for category in CATEGORIES[: self.categories]])
        return np.where(wanted < self.categories, wanted, np.arange(self.categories))

    def _name_items(self, rng: np.random.Generator) -> Ids:
        count = unusual_count(self._plan.items, UNUSUAL_ITEMS)
        popular_first = np.lexsort((self.category, -self.popularity, self.launch > 0))
        return make_ids("i", self._plan.items, UNUSUAL_ITEMS, popular_first[:count], rng)


def _place(plan: ShopPlan, categories: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Category and launch day of each item: most on day 0, the others spread evenly; no category opens empty."""
    appeal = 1.0 / np.sqrt(1.0 + np.arange(categories))
    category = rng.choice(categories, plan.items, p=appeal / appeal.sum())
    category[:categories] = np.arange(categories)
    first = plan.items if plan.days == 1 else max(categories, int(np.ceil(plan.items * _FIRST_DAY_SHARE)))
    launch = np.zeros(plan.items, dtype=np.int64)
    launch[first:] = 1 + np.arange(plan.items - first) % max(1, plan.days - 1)
    order = np.lexsort((launch, category))
    return category[order], launch[order]


def _zipf_within(category: Ints, rng: np.random.Generator) -> Floats:
    """Weights 1/rank^s, the ranks being a random order within each category."""
    order = np.lexsort((rng.random(category.size), category))
    start = np.searchsorted(category, category)
    rank = np.empty(category.size, dtype=np.int64)
    rank[order] = np.arange(category.size) - start
    return (1.0 + rank) ** -ZIPF_EXPONENT


def _successors(category: Ints, brand: Ints, popularity: Floats) -> Ints:
    """The next three items on a ring through each category, brand by brand, popular first."""
    ring = np.lexsort((-popularity, brand, category))
    start = np.searchsorted(category, category)
    size = np.searchsorted(category, category, side="right") - start
    place = np.arange(category.size) - start
    steps = [ring[start + (place + step) % size] for step in range(1, SUCCESSORS + 1)]
    successors = np.empty((category.size, SUCCESSORS), dtype=np.int64)
    successors[ring] = np.stack(steps, axis=1)
    return successors


def _whole_cents(price: Floats) -> Floats:
    return np.maximum(np.round(price, 2), 0.5)
