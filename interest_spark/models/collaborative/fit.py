"""From a day's histories to the bundle of a collaborative model: tasks find what is in them, one puts it together."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from interest_spark.config.collaborative import AlsConfig, CollaborativeConfig, EaseConfig, ItemToItemConfig
from interest_spark.features.collaborative.factors import fit_factors, item_factors
from interest_spark.features.collaborative.interactions import NOTHING_TO_LEARN, rule_of
from interest_spark.features.collaborative.pairs import PairCount
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.foundation.locations import Location
from interest_spark.models.collaborative.assemble import Assembled, Assembly, assemble
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.frame_files import write_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_BYTES_A_PAIR = 8 + 8 + 4  # two matrices of float64 and one of float32, while `ease` is solved
_FACTORS = pa.schema([("item_index", pa.int32()), ("item_id", pa.string()), ("factors", pa.list_(pa.float32()))])


@dataclass(frozen=True)
class FitData:
    """Histories as of a day and the numbers of items, as frames and as the files of the same rows."""

    sequences: "DataFrame"
    sequence_files: tuple[str, ...]
    vocab: "DataFrame"
    vocab_files: tuple[str, ...]

    @property
    def spark(self) -> "SparkSession":
        return self.sequences.sparkSession


@dataclass(frozen=True)
class FitPlan:
    """One fit: what the card says, the instant that events age until, in how many `buckets` of items tasks work, and
    the folder of the bundle. Files on the way to it lie in `work`, which is there only as long as the fit lasts.
    """

    card: CollaborativeCard
    now: datetime
    buckets: int
    bundle: Location
    work: Location

    @property
    def config(self) -> CollaborativeConfig:
        """The model's kind and settings."""
        return self.card.collaborative


def fit(plan: FitPlan, data: FitData) -> Assembled:
    """Write the bundle.

    Raises BadDataError where nobody has used a known item, ConfigError for a catalogue that is too large for the kind.
    """
    try:
        (made,) = each_in_a_task(data.spark, [_find(plan, data)], assemble)
    finally:
        delete_folder(plan.work)
    return made


def _find(plan: FitPlan, data: FitData) -> Assembly:
    """What the bundle is to be made of, once tasks have left it in files."""
    config, path = plan.config, str(plan.bundle)
    if isinstance(config, AlsConfig):
        fitted = fit_factors(data.sequences, config, str(plan.work / "checkpoints"))
        factors = item_factors(fitted, data.vocab)
        files = tuple(write_frame(factors, plan.work / "factors", _FACTORS))
        return Assembly(path, plan.card, items=files, found=files)
    now = int(plan.now.timestamp()) * 1_000_000
    pairs = PairCount(data.sequence_files, rule_of(config), now, plan.buckets, str(plan.work))
    own, items = pairs.own_weights(data.spark)
    if not items:
        raise BadDataError(NOTHING_TO_LEARN)
    if isinstance(config, EaseConfig):
        _check_size(items, config.max_items)
        found = pairs.gram(data.spark)
    else:
        assert isinstance(config, ItemToItemConfig)
        found = pairs.neighbours(data.spark, own, config.neighbours, config.similarity)
    return Assembly(path, plan.card, data.vocab_files, tuple(found), tuple(own))


def _check_size(items: int, most: int) -> None:
    if items > most:
        gigabytes = items**2 * _BYTES_A_PAIR / 1e9
        raise ConfigError(
            f"ease would invert a matrix of {items:,} items, {gigabytes:,.1f} GB in one task, and "
            f"collaborative.max_items is {most:,}; raise it if a worker has that memory, or set collaborative.kind to "
            "als or item_to_item"
        )
