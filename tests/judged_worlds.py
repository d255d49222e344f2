"""Small random worlds of users, items and lists, with what plain Python finds in them."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests import list_metrics, ranking
from tests.list_metrics import PlainItems, PlainUser, shortened

IDS = [f"商品-{number}" for number in range(2, 16)]
STRANGE = "unnumbered"
"""An item that the vocabulary does not hold."""

ACCURACY: Mapping[str, Callable[[int, list[str], list[str]], float]] = {
    "recall": ranking.recall,
    "ndcg": ranking.ndcg,
    "hit_rate": ranking.hit_rate,
    "mrr": ranking.mrr,
    "precision": ranking.precision,
    "map": ranking.average_precision,
}
OF_LISTS = {
    each.__name__: each
    for each in (
        list_metrics.novelty,
        list_metrics.average_popularity,
        list_metrics.diversity,
        list_metrics.serendipity,
        list_metrics.repeat_share,
        list_metrics.calibration,
    )
}


@dataclass(frozen=True)
class World:
    """Users, and of each contender a list for each user; `k` places count. The contender `popularity` is one."""

    items: PlainItems
    users: Sequence[PlainUser]
    lists: Mapping[str, Sequence[list[str]]]
    k: int

    def expected(self, contender: str) -> dict[str, float | None]:
        """The mean of every metric over the users who have a value."""
        found: dict[str, list[float]] = {name: [] for name in (*ACCURACY, *OF_LISTS)}
        for user, listed in zip(self.users, self.lists[contender], strict=True):
            short = shortened(self.k, listed)
            for name, metric in ACCURACY.items():
                if user.relevant:
                    found[name].append(metric(self.k, listed, list(user.relevant)))
            for name, of_list in OF_LISTS.items():
                value = of_list(self.items, user, short)
                if value is not None:
                    found[name].append(value)
        short_lists = [shortened(self.k, listed) for listed in self.lists[contender]]
        known = [[item for item in listed if item != STRANGE] for listed in short_lists]
        return {
            **{name: sum(values) / len(values) if values else None for name, values in found.items()},
            "coverage": list_metrics.coverage(IDS, known),
            "gini": list_metrics.gini(IDS, known),
        }


def random_items(rng: random.Random) -> PlainItems:
    """With ties, items without events, and items without a category."""
    return PlainItems(
        {item: rng.choice([0, 1, 1, 2, 5, 30]) for item in IDS},
        {item: rng.choice("ABC") for item in IDS if rng.random() < 0.8},
    )


def random_world(rng: random.Random, items: PlainItems, contenders: Sequence[str], users: int) -> World:
    """Short and empty lists, lists with repeated items, no and many relevant items, histories of repeated items."""
    every = [*IDS, STRANGE]
    k = rng.randint(1, 6)
    ranked = sorted(IDS, key=lambda item: -items.events[item])
    lists = {name: [rng.choices(every, k=rng.randint(0, 8)) for _ in range(users)] for name in contenders}
    lists["popularity"] = [ranked[: rng.randint(0, 8)] for _ in range(users)]
    made = [
        PlainUser(
            relevant=rng.sample(every, rng.choice([0, 1, 1, 2, 9])),
            history=rng.choices(IDS, k=rng.randint(0, 6)),
            seen=rng.sample(IDS, rng.randint(0, 4)),
            popular=lists["popularity"][user][:k],
        )
        for user in range(users)
    ]
    return World(items, made, lists, k)
