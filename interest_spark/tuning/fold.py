"""The inner fold: what trials learn and what they are validated on, both before the days that models are judged on.

A model is judged by the days after a cutoff. Trials see the histories, and where a network looks at them the attributes
of items and users, as of the end of the cutoff day and no other table, so nothing that happened later can decide which
settings are best. Within these histories the last days are held out of training, and a trial is as good as its ranking
of what users did then.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from interest_spark.config.blocks import HeldOutPeriod
from interest_spark.config.deployment import Config
from interest_spark.features.blocks.item_attributes import with_attributes
from interest_spark.features.blocks.pack import PackingRules, candidate_items, pack_blocks
from interest_spark.features.blocks.scope import end_of_learning
from interest_spark.features.blocks.user_attributes import with_user_attributes
from interest_spark.foundation.digest import digest
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.log import get_logger
from interest_spark.models.data.candidates import write_candidates
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.step import Input, Newest, newest_day, own_day
from interest_spark.schemas.behaviors import FIRST_ITEM_INDEX
from interest_spark.schemas.tables import TABLES
from interest_spark.storage.folder_files import replace_file
from interest_spark.storage.frame_files import write_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_TABLE = "sequences"


@dataclass(frozen=True)
class PackedFold:
    """Blocks and candidates on disk: `files` of blocks, and the folder of what a model may suggest."""

    files: tuple[str, ...]
    candidates: Path


class InnerFold:
    """The fold of one cutoff day, `context.day`, packed below `folder` once for each setting of blocks."""

    def __init__(self, context: RunContext, folder: Path, held_out_days: int) -> None:
        table = context.warehouse.open(_TABLE)
        self._context, self._folder = context, folder
        self._sequences = Input(table, own_day(context, table))
        self._held_out = HeldOutPeriod(days=held_out_days, share=1.0)
        if not self._sequences.slices():
            raise ConfigError(
                f"table {_TABLE} has no committed day {context.dt} in {context.warehouse.root}, and trials learn from "
                f"what was known then; run `interest sequences --day {context.dt}` first"
            )

    @property
    def content_id(self) -> str:
        """A digest of the histories."""
        return self._sequences.content_id()

    def packed(self, config: Config) -> PackedFold:
        """The fold in the blocks of `config`: packed now unless an earlier trial needed the same ones."""
        blocks = config.blocks.model_copy(update={"held_out": self._held_out})
        rules = PackingRules.of(config, blocks, self._context.day)
        attributes = config.train.network.attributes
        made_from = [asdict(rules), self.content_id, *attributes]
        folder = self._folder / f"blocks-{digest(made_from)[:12]}"
        done = folder / "files.json"  # written last
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            files = self._pack(folder, rules, attributes)
            replace_file(done, json.dumps(files).encode())
        names = json.loads(done.read_text(encoding="utf-8"))
        return PackedFold(tuple(str(folder / name) for name in names), folder / "candidates")

    def _pack(self, folder: Path, rules: PackingRules, attributes: Sequence[str]) -> list[str]:
        get_logger().info("packing blocks", folder=str(folder), tokens=rules.config.tokens)
        rows = self._sequences.rows(self._context)
        users = self._described_users() if rules.user_attributes else None
        packed = pack_blocks(with_user_attributes(rows, users, rules.user_attributes), rules).drop("dt")
        files = write_frame(packed, folder / "blocks", TABLES["train_blocks"], rules.config.row_group_blocks)
        end = end_of_learning(rules.config.held_out, rules.day, rules.scheme.time_zone)
        found = candidate_items(rows, _numbers_as_ids(rows), end)
        items = self._described_items() if attributes else None
        write_candidates(with_attributes(found, items, attributes), folder / "candidates")
        return sorted(str(Path(file).relative_to(folder)) for file in files)

    def _described_users(self) -> "DataFrame | None":
        """Rows of `users` as of the last day that is learnt; None where nothing was known by then."""
        learnt = {"through": self._context.days_before(self._held_out.days)}
        users = self._context.warehouse.open("users")
        found = Input(users, Newest(lambda _: learnt)(self._context, users))
        return found.rows(self._context) if found.slices() else None

    def _described_items(self) -> "DataFrame":
        """Rows of `items` as of the cutoff, with the items' numbers for ids."""
        from pyspark.sql import functions as F

        items, vocab = (self._context.warehouse.open(name) for name in ("items", "vocab"))
        described = Input(items, newest_day(self._context, items)).rows(self._context)
        numbers = Input(vocab, {}).rows(self._context).select("item_id", F.col("item_index").cast("string"))
        return described.join(numbers, "item_id", how="inner").withColumn("item_id", F.col("item_index"))


def _numbers_as_ids(sequences: "DataFrame") -> "DataFrame":
    """`item_index` and `item_id` of every item in the histories, whose numbers do as ids: nobody will see the lists.

    The vocabulary has the shop's own ids, and holds the items of later days as well.
    """
    from pyspark.sql import functions as F

    items = sequences.select(F.explode("item_index").alias("item_index")).distinct()
    known = items.where(F.col("item_index") >= FIRST_ITEM_INDEX)
    return known.select("item_index", F.col("item_index").cast("string").alias("item_id"))
