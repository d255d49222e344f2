"""Configuration: frozen models of one deployment, section by section."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from interest_spark.config_section import Section, Share
from interest_spark.dates import parse_zone
from interest_spark.schemas import BEHAVIORS, TABLES
from interest_spark.token_columns import ColumnScheme
from interest_spark.training_config import TrainConfig


class ShopConfig(Section):
    """What holds for the whole shop."""

    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return parse_zone(name).key


class SparkConfig(Section):
    """The Spark application; under `spark-submit` the submitter's own settings win."""

    master: str = "local[2]"
    driver_memory: str = "2g"
    shuffle_partitions: int = Field(default=8, ge=1)
    conf: dict[str, str] = Field(default={})


class SourceConfig(Section):
    """Where raw lines of one kind lie and what their fields mean.

    `path` is a glob; `{day}` in it stands for the day a delivery belongs to. Without `{day}` the files
    are one delivery of the whole history and every event belongs to the day of its own time.
    """

    path: str
    reader: str = "mapped"
    format: Literal["jsonl", "csv"] = "jsonl"
    separator: str = Field(default=",", min_length=1, max_length=1)
    header: tuple[str, ...] | None = None
    columns: dict[str, str] = Field(default={})
    attributes: dict[str, str] = Field(default={})
    constants: dict[str, str] = Field(default={})
    behaviors: dict[str, str] = Field(default={})
    time_format: str = "iso"
    time_zone: str = "UTC"

    @field_validator("behaviors")
    @classmethod
    def _canonical_behaviors(cls, behaviors: dict[str, str]) -> dict[str, str]:
        for behavior in behaviors.values():
            if behavior not in BEHAVIORS:
                raise ValueError(f"{behavior!r} is not one of the canonical behaviors {', '.join(BEHAVIORS)}")
        return behaviors

    @property
    def by_day(self) -> bool:
        return "{day}" in self.path


class SourcesConfig(Section):
    """The shop's deliveries; items and users are optional. Paths are below `root` unless absolute."""

    root: str = ""
    events: SourceConfig
    items: SourceConfig | None = None
    users: SourceConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _below_root(cls, keys: Any) -> Any:
        root = keys.get("root") if isinstance(keys, dict) else None
        if not root:
            return keys
        return {name: _move_below(root, value) for name, value in keys.items()}


def _move_below(root: str, source: Any) -> Any:
    if not isinstance(source, dict) or not isinstance(source.get("path"), str):
        return source
    path = source["path"]
    return source if path.startswith("/") or "://" in path else {**source, "path": f"{root.rstrip('/')}/{path}"}


class IngestConfig(Section):
    """What a raw line must satisfy to become an event."""

    max_bad_share: Share = 0.05
    tolerated_reasons: tuple[str, ...] = ()
    max_late_days: int = Field(default=7, ge=0)
    catch_up_days: int = Field(default=0, ge=0)
    first_day: date | None = None
    last_day: date | None = None
    max_line_bytes: int = Field(default=1_000_000, ge=1_000)
    duplicate_keys: tuple[str, ...] = (
        "user_id",
        "item_id",
        "behavior",
        "event_time",
        "quantity",
        "price",
        "session_id",
    )

    @field_validator("duplicate_keys")
    @classmethod
    def _event_columns(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [key for key in keys if key not in TABLES["events"].names]
        if unknown or not keys:
            raise ValueError(
                f"{unknown or 'empty'}: name columns of events, one of {', '.join(TABLES['events'].names)}"
            )
        return keys


class BotsConfig(Section):
    """When a user's traffic is a machine's; all thresholds are per user and shop-local day."""

    enabled: bool = True
    max_events_per_day: int = Field(default=500, ge=1)
    max_active_hours: int = Field(default=20, ge=1, le=24)
    min_events_for_rhythm: int = Field(default=50, ge=3)
    min_gap_variation: float = Field(default=0.1, ge=0.0)


class SequencesConfig(Section):
    """One ordered history per user."""

    behaviors: tuple[str, ...] = ("view", "cart", "favorite", "purchase", "rate", "check_in", "click")
    max_length: int = Field(default=201, ge=2)
    history_days: int | None = Field(default=None, ge=1)
    popularity_days: int = Field(default=30, ge=1)

    @field_validator("behaviors")
    @classmethod
    def _known(cls, behaviors: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [behavior for behavior in behaviors if behavior not in BEHAVIORS]
        if unknown or not behaviors:
            raise ValueError(f"{unknown or 'empty'}: name some of {', '.join(BEHAVIORS)}")
        return behaviors


class BlocksConfig(Section):
    """Packed training blocks: `tokens` per block, several histories in one, or a window of a longer one.

    A token's target is the `next_event`, or an item of the `next_session`: the one after a pause of at least
    `session_gap_minutes`. The latter suits shops whose events come in baskets, since suggestions are for later days.
    Of a `held_out_share` of the users the last target is kept out of training and judges it instead.
    """

    tokens: int = Field(default=200, ge=2)
    target: Literal["next_event", "next_session"] = "next_event"
    session_gap_minutes: int = Field(default=360, ge=1)
    held_out_share: Share = 0.0
    category_buckets: int = Field(default=1024, ge=1)
    files: int = Field(default=4, ge=1, le=65536)
    row_group_blocks: int = Field(default=128, ge=1)


class ScoreConfig(Section):
    """Bulk scoring: `k` suggestions for every user with an event."""

    k: int = Field(default=10, ge=1)
    exclude_seen: bool = True
    blocked_items: tuple[str, ...] = ()
    batch_users: int = Field(default=512, ge=1)


class EvaluateConfig(Section):
    """Judging a day's suggestions by what users did in the days after it."""

    horizon_days: int = Field(default=7, ge=1)
    k: int = Field(default=10, ge=1)
    target_behaviors: tuple[str, ...] = ()
    backtest: bool = True


class MaintainConfig(Section):
    """Housekeeping; a run that takes longer than `retention_hours` would lose the files it is staging."""

    retention_hours: int = Field(default=168, ge=1)


class Config(Section):
    """One deployment."""

    warehouse: Path
    shop: ShopConfig = ShopConfig()
    spark: SparkConfig = SparkConfig()
    sources: SourcesConfig
    ingest: IngestConfig = IngestConfig()
    bots: BotsConfig = BotsConfig()
    sequences: SequencesConfig = SequencesConfig()
    blocks: BlocksConfig = BlocksConfig()
    train: TrainConfig = TrainConfig()
    score: ScoreConfig = ScoreConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    maintain: MaintainConfig = MaintainConfig()

    @model_validator(mode="after")
    def _patience_has_a_judge(self) -> "Config":
        if self.train.patience is not None and not self.blocks.held_out_share:
            raise ValueError("train.patience needs targets to judge by; set blocks.held_out_share, for example to 0.05")
        return self

    @field_validator("warehouse", mode="before")
    @classmethod
    def _a_folder(cls, warehouse: Any) -> Any:
        # As a path, s3://bucket would quietly be a folder "s3:" beside the job.
        if "://" in str(warehouse):
            raise ValueError("the warehouse is a folder, mounted at the same path on every node, not a URL")
        return warehouse

    @property
    def columns(self) -> ColumnScheme:
        """How this deployment's events become token columns."""
        return ColumnScheme(category_buckets=self.blocks.category_buckets, time_zone=self.shop.time_zone)
