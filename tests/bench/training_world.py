"""What the training benchmarks share: public data sets, training plans over them, and measured runs."""

import gzip
import itertools
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.config.blocks import BlocksConfig
from interest_spark.config.training.networks import SasRecConfig
from interest_spark.config.training.train import TrainConfig
from interest_spark.features.blocks.pack import PackingRules, blocks_of
from interest_spark.foundation.log import configure_logging
from interest_spark.models.launch.launch import launch
from interest_spark.models.training.plan import CURVE, TrainPlan, TrainResult
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.schemas.tables import TABLES
from interest_spark.schemas.tokens import ColumnScheme
from tests.histories import as_histories
from tests.unit.models.worlds import plan_over

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
NETWORK = SasRecConfig(dim=64, layers=2, heads=1, feed_forward=64, dropout=0.1)
DAY = date(2026, 2, 1)  # of the blocks; without a held-out period it changes nothing
WARM_UP = 3  # steps that trace graphs and fill caches

_FIRST_FILE_ROWS = 1 << 28  # block ids between two files


@dataclass(frozen=True)
class DataSet:
    """Histories of item numbers 1 … `items`, oldest first; the last item is the test, the one before the validation."""

    name: str
    tokens: int  # of a block, hence the most items of a history that a network looks at
    batch_blocks: int
    histories: Sequence[np.ndarray]

    @cached_property
    def items(self) -> int:
        return max(int(history.max()) for history in self.histories)

    @property
    def training(self) -> list[np.ndarray]:
        """What is left of each history to learn from, at most `tokens` targets, as item indexes: int32[k]."""
        return [history[:-2][-self.tokens - 1 :] + FIRST_ITEM_INDEX - 1 for history in self.histories]


# The file, the tokens of a block and the blocks of a batch.
_FILES = {
    "ml-1m": ("ml-1m/sas_sequences.txt.gz", 200, 128),
    "beauty": ("amazon_beauty/Beauty.txt.gz", 50, 128),
    "ml-100k": ("ml-100k/ml-100k.inter.gz", 200, 32),
}
_LEADING = {"beauty": 1}
"""Numbers that a line begins with before its items."""
DATA_SETS = tuple(_FILES)


def read_data_set(name: str) -> DataSet:
    """One of DATA_SETS. Ends the process when its file, which is not part of the repository, is absent."""
    file, tokens, batch_blocks = _FILES[name]
    path = DATA / file
    if not path.exists():
        sys.exit(f"data set {name} is not there: put it at {path}")
    with gzip.open(path, "rt", encoding="ascii") as lines:
        histories = by_user(lines) if name == "ml-100k" else _one_a_line(lines, _LEADING.get(name, 0))
    return DataSet(name, tokens, batch_blocks, histories)


def _one_a_line(lines: Iterable[str], leading: int) -> list[np.ndarray]:
    return [np.array(line.split()[leading:], np.int32) for line in lines]


def by_user(lines: Iterable[str]) -> list[np.ndarray]:
    """Of a user, an item, a rating and a time a line, after a line of names; items of one instant by their number."""
    table = np.array([line.split() for line in itertools.islice(lines, 1, None)], np.float64).astype(np.int64)
    user, item, time = table[:, 0], table[:, 1], table[:, 3]
    ordered = np.lexsort((item, time, user))
    bounds = np.flatnonzero(np.diff(user[ordered])) + 1
    return [items.astype(np.int32) for items in np.split(item[ordered], bounds)]


def training_plan(
    folder: Path, histories: Sequence[np.ndarray], tokens: int, items: np.ndarray | None = None, **train: Any
) -> TrainPlan:
    """A plan in a fresh folder, its blocks packed as the job `train` packs them.

    histories: int32[k] item indexes each. items: the candidates, ascending; those of the histories by default.
    """
    config = BlocksConfig(tokens=tokens)
    settings = {"network": NETWORK, "start_seconds": 600, **train}
    rules = PackingRules(config, ColumnScheme(), DAY, masked=TrainConfig.model_validate(settings).network.masked)
    files = []
    for number in range(config.files):
        rows = as_histories(histories[number :: config.files])
        packed = blocks_of(rows.to_batches(), rules, number * _FIRST_FILE_ROWS)
        blocks = pa.Table.from_batches(packed, TABLES["train_blocks"])
        files.append(folder / f"blocks-{number}.parquet")
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(blocks, files[-1], row_group_size=config.row_group_blocks)
    counts = np.bincount(np.concatenate(histories))
    items = np.flatnonzero(counts) if items is None else items
    events = np.append(counts, np.zeros(int(items[-1]), int))[items]
    return plan_over(folder, list(map(str, files)), items, events, tokens, settings)


def ranks_of_one_thread(ranks: int) -> dict[str, Any]:
    """Settings of training on this machine's cores, one rank each."""
    return {"ranks": ranks, "threads": 1, "launcher": "horovodrun" if ranks > 1 else "local"}


@dataclass(frozen=True)
class Run:
    """The steps of one training run of any system: targets int[n], mean loss float[n], seconds since a start float[n].

    Targets are the positions that have one: padding does not count.
    """

    targets: np.ndarray
    loss: np.ndarray
    seconds: np.ndarray

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Run":
        """What `as_row` gave."""
        return cls(**{name: np.array(values) for name, values in row.items()})

    def as_row(self) -> dict[str, Any]:
        """Plain lists."""
        return {name: getattr(self, name).tolist() for name in ("targets", "loss", "seconds")}

    @classmethod
    def of_steps(cls, steps: Sequence[Sequence[float]]) -> "Run":
        """From one (targets, loss, seconds) a step."""
        return cls(*np.array(steps, np.float64).T)

    @property
    def targets_per_second(self) -> float:
        """Of the steps after the warm-up."""
        return float(self.targets[WARM_UP:].sum() / (self.seconds[-1] - self.seconds[WARM_UP - 1]))

    @property
    def targets_per_second_of_a_step(self) -> float:
        """Of the middle step after the warm-up: what a short run can tell on a machine that is busy now and then."""
        return float(np.median((self.targets / np.diff(self.seconds, prepend=0.0))[WARM_UP:]))

    def loss_at_end(self, share: float = 0.2) -> float:
        """The mean loss of the last `share` of all targets."""
        last = np.cumsum(self.targets) > (1 - share) * self.targets.sum()
        return float(np.average(self.loss[last], weights=self.targets[last]))


def train(plan: TrainPlan) -> tuple[Run, TrainResult]:
    """Run a plan to its end."""
    configure_logging()
    result = launch(plan)
    lines = read_curve(plan.bundle)
    return Run.of_steps(
        [(line["targets"], line["loss"], line["seconds"]) for line in lines if "targets" in line]
    ), result


def read_curve(bundle: Path) -> list[dict[str, Any]]:
    """What a training run wrote about itself; lines without `targets` are not about a step."""
    return [json.loads(line) for line in (bundle / CURVE).read_text(encoding="utf-8").splitlines()]
