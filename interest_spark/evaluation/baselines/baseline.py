"""What a baseline is.

The baseline of name N is `suggest` of the module `baselines/N.py`; a further one is such a file and its name in
`config/evaluate.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from interest_spark.config.collaborative import CollaborativeConfig
from interest_spark.features.day_files import DayFile
from interest_spark.foundation.locations import Location
from interest_spark.models.collaborative.fit import FitData
from interest_spark.storage.folder_files import delete_folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LISTS = "user_id string, items array<string>"
"""The columns of what a baseline gives."""


@dataclass(frozen=True)
class Known:
    """What was known at the end of the day whose suggestions are judged.

    `history` are the events that count as interest, `items` the attributes of items, and `popularity_files` and
    `item_files` the files of those tables, for tasks to read. `vocab` has the numbers of all items. `blocked_items` are
    ids that no list may hold. `day_counts` are the files of `item_days` of recent days through `cutoff`, of whose rows
    those of `behaviors` count as interest. `histories` are the sequences as of `until`, the end of that day, in UTC.
    A baseline that fits a model has its settings in `models`, and leaves it at `bundle_of`, below `bundles`, under a
    name of this run, `run_id`, where nobody finds it; its tasks work in `buckets`, and what else they need lies at
    `work_of`.
    """

    history: "DataFrame"
    vocab: "DataFrame"
    items: "DataFrame"
    popularity_files: tuple[str, ...]
    item_files: tuple[str, ...]
    blocked_items: tuple[str, ...]
    day_counts: tuple[DayFile, ...]
    behaviors: tuple[str, ...]
    cutoff: str
    histories: FitData
    until: datetime
    models: Mapping[str, CollaborativeConfig]
    buckets: int
    bundles: Location
    run_id: str

    def bundle_of(self, baseline: str) -> Location:
        """The folder of the model of that baseline, if it fits one."""
        return self.bundles / f"baseline-{baseline}-{self.run_id}"

    def work_of(self, baseline: str) -> Location:
        """The hidden folder of what that baseline leaves only on the way."""
        bundle = self.bundle_of(baseline)
        return bundle.parent / f".{bundle.name}.work"

    def forget(self, baselines: Iterable[str]) -> None:
        """Delete what these baselines have fitted."""
        for name in baselines:
            delete_folder(self.bundle_of(name))
            delete_folder(self.work_of(name))


class Baseline(Protocol):
    """Lists of up to k distinct items, best first, for each of `users`: the columns LISTS.

    `users` has one row a user: user_id, and `excluded`, the item_index of what the user may not be suggested.
    """

    def __call__(self, users: "DataFrame", known: Known, k: int) -> "DataFrame": ...


def baseline_named(name: str) -> Baseline:
    """The baseline, which is one of the configuration's BASELINES."""
    suggest: Baseline = import_module(f"interest_spark.evaluation.baselines.{name}").suggest
    return suggest
