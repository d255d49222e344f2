"""What a task sums up over its users, so that nothing else of them leaves it.

Two tallies of different users add up, sum by sum, to the tally of all; what follows from a tally, the figures with
their intervals and tests, follows in one last task. Neither that nor the driver grows with the number of users.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from interest_spark.evaluation.judge import (
    Users,
    accuracy,
    find_places,
    list_values,
    shown_lists,
    slices_of_items,
    slices_of_users,
    within,
)
from interest_spark.evaluation.known_items import ItemFiles, KnownItems
from interest_spark.evaluation.statistics.intervals import power_sums
from interest_spark.evaluation.statistics.paired import RESAMPLES, resample_sums
from interest_spark.evaluation.statistics.permutation import FLIPS, flipped_sums
from interest_spark.metrics.hits import NO_ITEM, Integers
from interest_spark.metrics.lists.list_metric import OF_EXPOSURE, OF_USERS
from interest_spark.metrics.lists.shown import Floats

MODEL = "model"
"""The contender whose lists are judged; the others are what it has to beat."""

VALUE, EXPOSURE, POWERS, RESAMPLED, WEIGHTS, FLIPPED = "value", "exposure", "powers", "resampled", "weights", "flipped"
"""The kinds of sums: of a metric's values with their number and squares; how often each item was suggested; of paired
differences their number and first three powers, and their sums in every resample and under every flip of signs."""

SUMS = "kind string, slice string, metric string, task int, places array<int>, sums array<double>"
"""The columns that a tally leaves a task in; `places` are those of items, null where all sums are there."""

_SEED = 0  # that of `paired_intervals`


@dataclass(frozen=True)
class Question:
    """What is asked of the lists: of whom, by which metrics, at the first k places; which behaviors judge."""

    contenders: tuple[str, ...]
    metrics: tuple[str, ...]
    list_metrics: tuple[str, ...]
    k: int
    behaviors: tuple[str, ...]
    files: ItemFiles
    resamples: int = RESAMPLES
    flips: int = FLIPS

    def at_k(self, metric: str) -> str:
        """The metric's name in the table."""
        return f"{metric}@{self.k}"

    @property
    def compared(self) -> list[tuple[str, str]]:
        """Every baseline and metric that the model is compared in."""
        return [(name, metric) for name in self.contenders if name != MODEL for metric in self.metrics]

    @property
    def of_users(self) -> tuple[str, ...]:
        """The list metrics that each user has a value of."""
        return tuple(name for name in self.list_metrics if name in OF_USERS)

    @property
    def of_exposure(self) -> tuple[str, ...]:
        """The list metrics that follow from all lists together."""
        return tuple(name for name in self.list_metrics if name in OF_EXPOSURE)


Key = tuple[str, str, str]


@dataclass
class Tally:
    """Sums by kind, slice and metric."""

    sums: dict[Key, Floats] = field(default_factory=dict)

    def add(self, kind: str, slice_name: str, metric: str, sums: Floats) -> None:
        """Add to what is there, which may have been of fewer items."""
        there = self.sums.get((kind, slice_name, metric))
        if there is None:
            self.sums[kind, slice_name, metric] = sums.copy()
        elif len(there) >= len(sums):
            there[: len(sums)] += sums
        else:
            self.sums[kind, slice_name, metric] = sums + np.pad(there, (0, len(sums) - len(there)))

    def rows(self, task: int) -> pa.RecordBatch:
        """The columns SUMS."""
        kinds, slices, metrics = (list(names) for names in zip(*self.sums, strict=True)) if self.sums else ([], [], [])
        found = [
            np.flatnonzero(sums) if kind == EXPOSURE else None
            for kind, sums in zip(kinds, self.sums.values(), strict=True)
        ]
        sums = [each if at is None else each[at] for each, at in zip(self.sums.values(), found, strict=True)]
        return pa.RecordBatch.from_pydict(
            {
                "kind": pa.array(kinds, pa.string()),
                "slice": pa.array(slices, pa.string()),
                "metric": pa.array(metrics, pa.string()),
                "task": pa.array([task] * len(kinds), pa.int32()),
                "places": pa.array(found, pa.list_(pa.int32())),
                "sums": pa.array(sums, pa.list_(pa.float64())),
            }
        )


def total(parts: Iterable[pa.RecordBatch]) -> Tally:
    """The tally of all tasks, added up in their order."""
    rows = [row for part in parts for row in _rows_of(part)]
    tally = Tally()
    for _, key, places, sums in sorted(rows, key=lambda row: row[:2]):
        if places is not None:
            dense = np.zeros(int(places.max(initial=-1)) + 1)
            dense[places] = sums
            sums = dense
        tally.add(*key, sums)
    return tally


def _rows_of(part: pa.RecordBatch) -> Iterator[tuple[int, Key, NDArray[np.int32] | None, Floats]]:
    keys = zip(*(part[name].to_pylist() for name in ("kind", "slice", "metric")), strict=True)
    for row, (key, task) in enumerate(zip(keys, part["task"].to_pylist(), strict=True)):
        places = part["places"][row].values
        yield task, key, None if places is None else places.to_numpy(), part["sums"][row].values.to_numpy()


def add_users(
    tally: Tally,
    users: Users,
    keys: NDArray[np.int64],
    lists: Mapping[str, Integers],
    items: KnownItems,
    question: Question,
) -> None:
    """Judge every contender's lists, int64[n, k], for these users. keys: int64[n], what tells the users apart."""
    values: dict[str, dict[str, Floats]] = {}
    for name in question.contenders:
        places = find_places(users.relevant, lists[name])
        hits = places >= 0
        values[name] = accuracy(question.metrics, hits, users.wanted)
        of_lists = list_values(question.of_users, shown_lists(users, lists, name, hits, items))
        for metric, found in {**values[name], **of_lists}.items():
            tally.add(VALUE, name, metric, power_sums(found))
        if question.of_exposure:
            _add_exposure(tally, name, lists[name], items)
        if name == MODEL:
            _add_slices(tally, users, places, values[name], items, question)
    if question.compared:
        pairs = [values[MODEL][metric] - values[name][metric] for name, metric in question.compared]
        judged = users.wanted > 0
        _add_differences(tally, keys[judged], np.stack(pairs, axis=1)[judged], question)


def _add_exposure(tally: Tally, name: str, lists: Integers, items: KnownItems) -> None:
    size = len(items.days)
    shown = lists[(lists != NO_ITEM) & (lists < size)]
    tally.add(EXPOSURE, name, "", np.bincount(shown, minlength=size).astype(np.float64))


def _add_slices(
    tally: Tally, users: Users, places: Integers, values: Mapping[str, Floats], items: KnownItems, question: Question
) -> None:
    """The accuracy of the model's lists in every slice."""
    for label, members in slices_of_users(users):
        for metric, found in values.items():
            tally.add(VALUE, f"{MODEL}:{label}", metric, power_sums(found[members]))
    for label, members in slices_of_items(users, items, question.behaviors):
        _, hits, wanted = within(users, places, members)
        for metric, found in accuracy(question.metrics, hits, wanted).items():
            tally.add(VALUE, f"{MODEL}:{label}", metric, power_sums(found))


def _add_differences(tally: Tally, keys: NDArray[np.int64], pairs: Floats, question: Question) -> None:
    """pairs: float64[n, d], each user's values of the model less those of a baseline."""
    powers = np.stack(
        [np.full(pairs.shape[1], float(len(pairs))), *((pairs**power).sum(axis=0) for power in (1, 2, 3))]
    )
    resampled = resample_sums(keys, pairs, question.resamples, _SEED)
    flipped = flipped_sums(keys, pairs, question.flips)
    tally.add(WEIGHTS, MODEL, "", resampled[:, 0])
    for place, (name, metric) in enumerate(question.compared):
        tally.add(POWERS, name, metric, powers[:, place])
        tally.add(RESAMPLED, name, metric, resampled[:, 1 + place])
        tally.add(FLIPPED, name, metric, flipped[:, place])


def names_of_slices(tally: Tally, most: int) -> Sequence[str]:
    """Slices of values; of one that names many texts, as regions can be, only the `most` with the most users."""
    users: dict[str, float] = {}
    for (kind, name, _), sums in tally.sums.items():
        if kind == VALUE:
            users[name] = max(users.get(name, 0.0), sums[0])
    kept: dict[str, list[str]] = {}
    for name in sorted(users, key=lambda name: (-users[name], name)):
        kept.setdefault(name.partition("=")[0], []).append(name)
    return sorted(name for names in kept.values() for name in names[:most])
