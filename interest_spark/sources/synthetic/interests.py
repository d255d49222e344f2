"""Planted interests: what each shopper likes, drifting slowly, and the truth that models are judged by."""

import numpy as np

from interest_spark.sources.synthetic.plan import Floats, Ints, ShopPlan

TOP = 3
_REPLACE_EVERY_DAYS = 42.0
_SWAP_EVERY_DAYS = 42.0


class Interests:
    """Each user's probabilities over categories: three favorites hold 86 to 90 % together.

    `weights` has the shape (users, categories), rows sum to 1; `favorites` (users, 3), the strongest first.
    About once in six weeks the third favorite gives way to a new one, and as often the first two change places.
    """

    def __init__(self, plan: ShopPlan, categories: int) -> None:
        rng = plan.rng("interests")
        self._plan = plan
        self._appeal = (1.0 + np.arange(categories)) ** -0.6
        top = min(TOP, categories)
        self.favorites = _draw_distinct(np.tile(self._appeal, (plan.users, 1)), top, rng)
        self._mass = _favorite_mass(plan.users, top, rng) if categories > top else _only_favorites(plan.users, top)
        self.weights = np.empty((plan.users, categories))
        self._refresh(np.arange(plan.users))

    def drift(self, day: int) -> Ints:
        """Move to the next day; returns the users whose interests changed, ascending."""
        rng = self._plan.rng("drift", day)
        users, top = self.favorites.shape
        replaced = np.flatnonzero(rng.random(users) < 1.0 / _REPLACE_EVERY_DAYS)
        swapped = np.flatnonzero(rng.random(users) < 1.0 / _SWAP_EVERY_DAYS)
        if top == self.weights.shape[1]:
            replaced = replaced[:0]
        self._replace_last(replaced, rng)
        if top > 1:
            self.favorites[swapped, :2] = self.favorites[swapped, 1::-1]
        else:
            swapped = swapped[:0]
        changed = np.union1d(replaced, swapped)
        self._refresh(changed)
        return changed

    def draw(self, user: Ints, season: Floats, rng: np.random.Generator) -> Ints:
        """One category for each given user, by interest and season (categories,); shape as `user`."""
        cumulative = np.cumsum(self.weights[user] * season, axis=1)
        point = rng.random(user.size) * cumulative[:, -1]
        return np.minimum((cumulative <= point[:, None]).sum(axis=1), cumulative.shape[1] - 1)

    def likes(self, user: Ints, category: Ints) -> np.ndarray:
        """Whether each category is a present favorite of the user beside it."""
        return (self.favorites[user] == category[:, None]).any(axis=1)

    def _replace_last(self, user: Ints, rng: np.random.Generator) -> None:
        appeal = np.tile(self._appeal, (user.size, 1))
        np.put_along_axis(appeal, self.favorites[user], 0.0, axis=1)
        self.favorites[user, -1] = _draw_distinct(appeal, 1, rng)[:, 0]

    def _refresh(self, user: Ints) -> None:
        rest = np.tile(self._appeal, (user.size, 1))
        np.put_along_axis(rest, self.favorites[user], 0.0, axis=1)
        left = 1.0 - self._mass[user].sum(axis=1, keepdims=True)
        rest *= left / np.maximum(rest.sum(axis=1, keepdims=True), 1e-12)
        np.put_along_axis(rest, self.favorites[user], self._mass[user], axis=1)
        self.weights[user] = rest


def _favorite_mass(users: int, top: int, rng: np.random.Generator) -> Floats:
    """How much of a user's interest the first, second and third favorite hold; (users, top), falling."""
    shape = np.array([0.55, 0.29, 0.16])[:top] * rng.uniform(0.85, 1.15, (users, top))
    return shape / shape.sum(axis=1, keepdims=True) * rng.uniform(0.86, 0.90, (users, 1))


def _only_favorites(users: int, top: int) -> Floats:
    shape = np.array([0.55, 0.29, 0.16])[:top]
    return np.tile(shape / shape.sum(), (users, 1))


def _draw_distinct(weights: Floats, count: int, rng: np.random.Generator) -> Ints:
    """`count` distinct columns of each row by weight, the likeliest draws first (Gumbel top-k)."""
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=weights.shape)
    return np.argsort(-keys, axis=1, kind="stable")[:, :count]
