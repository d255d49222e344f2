"""The plan of a shop: everything its content depends on."""

import zlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from interest_spark.foundation.errors import ConfigError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

DAY_MS = 86_400_000


@dataclass(frozen=True)
class ShopPlan:
    """How large a shop to generate, for which days, and from which seed. Equal plans give equal bytes.

    `users` and `items` count those delivered by the last day. Days are UTC. `campaigns`: one every so many days, 0 for
    none.
    Raises ConfigError when a size is below 1, the seed below 0, or a day outside the years 1972 to 9998.
    """

    users: int
    items: int
    days: int
    seed: int = 0
    first_day: date = date(2026, 1, 1)
    campaigns: int = 0

    def __post_init__(self) -> None:
        for name in ("users", "items", "days"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} {getattr(self, name)} is below 1; a shop needs at least one: --{name} 1")
        if self.campaigns < 0:
            raise ConfigError(f"campaigns {self.campaigns} is below 0; pass the days between two: --campaigns 7")
        if self.seed < 0:
            raise ConfigError(f"seed {self.seed} is below 0; pass a whole number from 0: --seed 0")
        if self.first_day.year < 1972 or (date(9998, 12, 31) - self.first_day).days < self.days:
            raise ConfigError(
                f"{self.days} days from {self.first_day} leave the years 1972 to 9998; pass other --days or --first-day"
            )

    def day(self, index: int) -> date:
        """The shop's day number `index`, from 0."""
        return self.first_day + timedelta(days=index)

    def day_start_ms(self, index: int) -> int:
        """The first millisecond of day number `index`, since 1970 in UTC."""
        return int(datetime.combine(self.day(index), time.min, timezone.utc).timestamp()) * 1000

    def rng(self, purpose: str, day: int = 0) -> np.random.Generator:
        """Random numbers of one purpose and day, independent of how many any other purpose drew."""
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode()), day])

    def as_json(self) -> dict[str, Any]:
        """The plan as it stands in the shop's manifest."""
        sizes = {"users": self.users, "items": self.items, "days": self.days, "seed": self.seed}
        further = {"campaigns": self.campaigns} if self.campaigns else {}
        return {**sizes, "first_day": self.first_day.isoformat(), **further}
