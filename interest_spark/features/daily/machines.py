"""Days of users whose traffic is a machine's: too much of it, round the clock, or with the beat of a timer."""

import numpy as np
import pyarrow as pa

from interest_spark.config.bots import BotsConfig

REASONS = ("volume", "round_the_clock", "rhythm")


def crosses(days: pa.Table, bots: BotsConfig) -> np.ndarray:
    """Which thresholds each row of `user_days` crosses: bool[3, rows], in the order of REASONS."""
    events = days["events"].to_numpy()
    with np.errstate(invalid="ignore"):
        rhythm = (events >= bots.min_events_for_rhythm) & (gap_variation(days) < bots.min_gap_variation)
    return np.stack([events > bots.max_events_per_day, active_hours(days) >= bots.max_active_hours, rhythm])


def active_hours(days: pa.Table) -> np.ndarray:
    """How many of the day's hours have events: int64[rows]."""
    bits = np.arange(1 << 12)
    in_half_a_day = np.sum(bits[:, None] >> np.arange(12) & 1, axis=1)
    hours = days["hours"].to_numpy()
    return in_half_a_day[hours & 0xFFF] + in_half_a_day[hours >> 12]


def gap_variation(days: pa.Table) -> np.ndarray:
    """The coefficient of variation of the time between consecutive events, float64[rows]; NaN where none passed.

    People pause irregularly (well above 1), timers do not.
    """
    gaps, total, squares = (days[name].to_numpy().astype(np.float64) for name in ("gaps", "gap_ms", "gap_ms_squared"))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / gaps
        variance = np.maximum(squares / gaps - mean**2, 0)
        return np.where(total > 0, np.sqrt(variance) / mean, np.nan)
