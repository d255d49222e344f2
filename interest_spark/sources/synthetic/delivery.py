"""From lines to a day's log: what arrives late or twice or broken, in the order of arrival."""

import numpy as np
import pandas as pd

from interest_spark.sources.synthetic.faults import FaultPlanter
from interest_spark.sources.synthetic.lines import BROKEN, DUPLICATE, line_frame
from interest_spark.sources.synthetic.plan import DAY_MS, Ints, ShopPlan

SAME_DAY, RESENT = range(2)
DUPLICATE_KINDS = ("same_day", "resent")
_SAME_DAY_SHARE, _RESENT_SHARE = 0.005, 0.003  # of people's lines that were on time
_MOST_RESENT_DAYS = 5
_LONGEST_REPEAT_MS = 1_800_000  # between a line and its copy on the same day


class Delivery:
    """Lines waiting for the day on which they arrive."""

    def __init__(self, plan: ShopPlan) -> None:
        self._plan = plan
        self._faults = FaultPlanter(plan)
        self._waiting: dict[int, list[pd.DataFrame]] = {}

    def send(self, lines: pd.DataFrame) -> None:
        """Put lines (`line_frame`) on their way."""
        for arrival, part in lines.groupby("arrival", sort=True):
            self._waiting.setdefault(int(arrival), []).append(part)

    def receive(self, day: int) -> pd.DataFrame:
        """The log of `day`, row by row: all that arrives, with copies and broken lines among it."""
        rng = self._plan.rng("duplicates", day)
        arrived = pd.concat([*self._waiting.pop(day, []), line_frame([], _no_days(), _no_days())], ignore_index=True)
        copies = self._copy_lines(arrived, day, rng)
        log = pd.concat([arrived, copies, self._broken_lines(arrived, day)], ignore_index=True)
        order = np.argsort(log["moment"].to_numpy(), kind="stable")
        row = np.empty(order.size, dtype=np.int64)
        row[order] = np.arange(order.size)
        copied = ((log["label"] == DUPLICATE) & (log["kind"] == SAME_DAY)).to_numpy()
        log.loc[copied, "original_row"] = row[log.loc[copied, "original_row"].to_numpy()]
        log = log.iloc[order].reset_index(drop=True)
        self._resend_lines(log, day, rng)
        return log

    def _copy_lines(self, arrived: pd.DataFrame, day: int, rng: np.random.Generator) -> pd.DataFrame:
        """Copies within the day; their `original_row` is still the place in `arrived`."""
        copies = arrived.loc[_chosen(arrived, _SAME_DAY_SHARE, rng)]
        later = copies["moment"] + rng.integers(1, _LONGEST_REPEAT_MS, len(copies))
        moment = np.minimum(later, self._plan.day_start_ms(day) + DAY_MS - 1)
        return _copies_of(copies, SAME_DAY, day, day, moment)

    def _resend_lines(self, log: pd.DataFrame, day: int, rng: np.random.Generator) -> None:
        copies = log.loc[_chosen(log, _RESENT_SHARE, rng)]
        arrival = day + rng.integers(1, _MOST_RESENT_DAYS + 1, len(copies))
        moment = self._plan.day_start_ms(0) + arrival * DAY_MS + rng.integers(0, DAY_MS, len(copies))
        sent = _copies_of(copies, RESENT, day, arrival, moment)
        self.send(sent[sent["arrival"] < self._plan.days])

    def _broken_lines(self, arrived: pd.DataFrame, day: int) -> pd.DataFrame:
        on_time = (arrived["days_late"] == 0) & (arrived["label"] != DUPLICATE)
        texts, kinds = self._faults.plant(arrived["text"][on_time].tolist(), day)
        moments = self._plan.rng("fault moments", day).integers(0, DAY_MS, len(texts))
        frame = line_frame(texts, np.full(len(texts), day), self._plan.day_start_ms(day) + moments)
        return frame.assign(label=BROKEN, kind=np.array(kinds, dtype=np.int64))


def _chosen(lines: pd.DataFrame, share: float, rng: np.random.Generator) -> np.ndarray:
    chosen = lines["repeatable"].to_numpy(dtype=bool) & (rng.random(len(lines)) < share)
    return lines.index.to_numpy()[chosen]


def _copies_of(lines: pd.DataFrame, kind: int, day: int, arrival: Ints | int, moment: Ints) -> pd.DataFrame:
    return lines.assign(
        label=DUPLICATE,
        kind=kind,
        arrival=arrival,
        moment=moment,
        repeatable=False,
        original_day=day,
        original_row=lines.index.to_numpy(),
    )


def _no_days() -> Ints:
    return np.empty(0, dtype=np.int64)
