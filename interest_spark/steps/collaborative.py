"""The day's histories to a collaborative model in a bundle that scoring can load, in place of a network.

Every model is fitted anew on the histories of all users: a matrix factorisation or a count of pairs from scratch costs
less than a network's epoch, and its cost grows with users and `last_items`, not with the days behind them.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from interest_spark.config.collaborative import AlsConfig, CollaborativeConfig, EaseConfig, ItemToItemConfig
from interest_spark.features.collaborative.factors import fit_factors, item_factors
from interest_spark.features.collaborative.interactions import NOTHING_TO_LEARN, rule_of
from interest_spark.features.collaborative.pairs import PairCount
from interest_spark.foundation.dates import day_end, parse_zone
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.foundation.locations import Location
from interest_spark.models.collaborative.assemble import Assembled, Assembly, assemble
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.collaborative.ease import bytes_needed
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.runner import own_target
from interest_spark.pipeline.step import Assignment, Inputs, Read, Result, Selection, Step
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.steps.gates import GATES, require_passed
from interest_spark.steps.reads import NUMBERS
from interest_spark.storage.bundles import BUNDLES
from interest_spark.storage.folder_files import delete_folder
from interest_spark.storage.frame_files import write_frame
from interest_spark.storage.sealed import check_free
from interest_spark.storage.snapshot import Snapshot
from interest_spark.storage.table_schemas import spark_schema

_FACTORS = pa.schema([("item_index", pa.int32()), ("item_id", pa.string()), ("factors", pa.list_(pa.float32()))])


def _served_today(context: RunContext, _: Snapshot) -> Selection:
    return {"day": context.dt, "name": context.served_model}


def _already_fitted(context: RunContext, inputs: Inputs) -> str | None:
    """A backtest needs no model of its own where the day's model was fitted in its time."""
    return f"the model of {context.dt} is there" if context.backtest and inputs["models"].slices() else None


@dataclass(frozen=True)
class _Fit:
    """One run: its settings, and where its bundle and the files on the way to it lie."""

    context: RunContext
    inputs: Inputs
    version: str
    config: CollaborativeConfig

    @property
    def bundle(self) -> Location:
        return self.context.warehouse.root / BUNDLES / self.version

    @property
    def work(self) -> Location:
        return self.bundle.parent / f".{self.version}.{self.context.run_id}.work"

    def assembly(self) -> Assembly:
        """What the bundle is to be made of, once Spark has found it."""
        card = CollaborativeCard(model_version=self.version, collaborative=self.config, trained_through=self.context.dt)
        if isinstance(self.config, AlsConfig):
            found = tuple(self._factors(self.config))
            return Assembly(str(self.bundle), card, items=found, found=found)
        pairs = self._pairs()
        own, items = pairs.own_weights(self.context.spark)
        if not items:
            raise BadDataError(NOTHING_TO_LEARN)
        found = tuple(self._pair_files(pairs, own, items))
        return Assembly(str(self.bundle), card, tuple(self.inputs["vocab"].files()), found, tuple(own))

    def _factors(self, config: AlsConfig) -> list[str]:
        model = fit_factors(self.inputs["sequences"].rows(self.context), config)
        vocab = self.inputs["vocab"].rows(self.context)
        return [str(path) for path in write_frame(item_factors(model, vocab), self.work / "factors", _FACTORS)]

    def _pairs(self) -> PairCount:
        end = day_end(self.context.day, parse_zone(self.context.config.shop.time_zone))
        return PairCount(
            files=tuple(self.inputs["sequences"].files()),
            rule=rule_of(self.config),
            now=int(end.timestamp()) * 1_000_000,
            buckets=self.context.config.spark.shuffle_partitions,
            folder=str(self.work),
        )

    def _pair_files(self, pairs: PairCount, own: list[str], items: int) -> list[str]:
        spark = self.context.spark
        if isinstance(self.config, ItemToItemConfig):
            return pairs.neighbours(spark, own, self.config.neighbours, self.config.similarity)
        assert isinstance(self.config, EaseConfig)
        _check_size(items, self.config.max_items)
        return pairs.gram(spark)


def _check_size(items: int, most: int) -> None:
    if items > most:
        gigabytes = bytes_needed(items) / 1e9
        raise ConfigError(
            f"ease would invert a matrix of {items:,} items, {gigabytes:,.1f} GB in one task, and "
            f"collaborative.max_items is {most:,}; raise it if a worker has that memory, or set collaborative.kind to "
            "als or item_to_item"
        )


def _fit(context: RunContext, inputs: Inputs, assignment: Assignment) -> Result:
    config = context.config.collaborative
    assert config is not None
    started = time.monotonic()
    target = own_target(COLLABORATIVE, context, inputs)
    version = f"{context.dt}-{context.model}-{digest(asdict(target.made_from[context.dt]))[:12]}"
    fit = _Fit(context, inputs, version, config)
    check_free(fit.bundle)
    try:
        (made,) = each_in_a_task(context.spark, [fit.assembly()], assemble)
    finally:
        delete_folder(fit.work)
    row = _models_row(fit, made, time.monotonic() - started)
    frame = context.spark.createDataFrame([row], spark_schema("models").add("dt", "string"))
    details = {"kind": config.kind, "items": made.items, "parameters": made.parameters}
    return Result({"models": frame.coalesce(1)}, details={"collaborative": details})


def _models_row(fit: _Fit, made: Assembled, seconds: float) -> Mapping[str, Any]:
    return {
        "model_version": fit.version,
        "path": f"{BUNDLES}/{fit.version}",
        "manifest_sha256": made.manifest_sha256,
        "item_count": made.items,
        "parameters": made.parameters,
        "loss": None,
        "train_seconds": round(seconds, 3),
        "trained_through": fit.context.dt,
        "dt": fit.context.dt,
    }


COLLABORATIVE = Step(
    name="collaborative",
    reads=(
        Read("sequences", required=True, columns=("user_id", "item_index", "behavior", "event_time")),
        NUMBERS,
        Read("models", _served_today, exact=False),
        GATES,
    ),
    writes=("models",),
    settings=("collaborative", "shop.time_zone"),
    irrelevant=("collaborative.name", "collaborative.max_items"),
    revision=1,
    compute=_fit,
    inapplicable=_already_fitted,
    guard=require_passed,
)
