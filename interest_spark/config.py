"""Configuration: YAML into frozen models; an unknown key is an error that names the nearest known one."""

import difflib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from interest_spark.dates import parse_zone
from interest_spark.errors import ConfigError
from interest_spark.schemas import BEHAVIORS, TABLES
from interest_spark.token_columns import INPUTS, ColumnScheme

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Rate = Annotated[float, Field(ge=0.0, lt=1.0)]


class Section(BaseModel):
    """A frozen part of the configuration that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


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
    conf: dict[str, str] = {}


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
    columns: dict[str, str] = {}
    attributes: dict[str, str] = {}
    constants: dict[str, str] = {}
    behaviors: dict[str, str] = {}
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
    """Packed training blocks: `tokens` per block, several histories in one.

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


class DropoutConfig(Section):
    """Shares of values that training sets to zero, by place; one number stands for all four.

    `embedding`: the summed input embeddings. `attention`: the attention weights. `activation`: inside the
    feed-forward layers. `residual`: what a sublayer adds to its input.
    """

    embedding: Rate = 0.1
    attention: Rate = 0.1
    activation: Rate = 0.1
    residual: Rate = 0.1


class NetworkConfig(Section):
    """The network of `kind`: sasrec is the causal Transformer of Kang and McAuley 2018, arXiv:1808.09781."""

    kind: Literal["sasrec"] = "sasrec"
    dim: int = Field(default=64, ge=1)
    layers: int = Field(default=2, ge=1)
    heads: int = Field(default=1, ge=1)
    feed_forward: int = Field(default=64, ge=1)
    norm: Literal["pre", "post"] = "pre"
    activation: Literal["relu", "gelu", "swiglu"] = "relu"
    tied_output: bool = True
    dropout: DropoutConfig = DropoutConfig()

    inputs: tuple[str, ...] = ()

    @field_validator("dropout", mode="before")
    @classmethod
    def _one_rate_for_all(cls, dropout: Any) -> Any:
        if isinstance(dropout, int | float) and not isinstance(dropout, bool):
            return dict.fromkeys(DropoutConfig.model_fields, dropout)
        return dropout

    @field_validator("inputs")
    @classmethod
    def _known_inputs(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in inputs if name not in INPUTS]
        if unknown:
            raise ValueError(f"{unknown}: name some of {', '.join(INPUTS)}")
        if len(set(inputs)) < len(inputs):
            raise ValueError("an input is named twice")
        return tuple(name for name in INPUTS if name in inputs)  # one order: the same inputs make the same model

    @model_validator(mode="after")
    def _heads_divide(self) -> "NetworkConfig":
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        return self


class LossConfig(Section):
    """`full` is the softmax cross-entropy over all candidates, `chunk` targets at a time (by default as many as suit
    a processor's cache).

    `sampled` lets the target compete with `negatives` items that the whole batch shares, drawn in proportion to
    (times an item was a target) ** `sampling_power`; `correct_sampling` takes that proportion out of the loss again.
    """

    kind: Literal["full", "sampled"] = "full"
    chunk: int | None = Field(default=None, ge=1)
    negatives: int = Field(default=1024, ge=1)
    sampling_power: float = Field(default=0.75, ge=0.0, le=1.0)
    correct_sampling: bool = True


class OptimizerConfig(Section):
    """Adam: the rate rises over `warmup_steps`, then follows `schedule` down to `final_rate` of itself.

    Gradients are scaled down to a global norm of `clip_norm`. With a sampled loss, an item table of at least
    `row_wise_from` rows is updated in the rows of the batch alone.
    """

    learning_rate: float = Field(default=1e-3, gt=0.0)
    warmup_steps: int = Field(default=0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    final_rate: Share = 0.0
    clip_norm: float | None = Field(default=None, gt=0.0)
    row_wise_from: int = Field(default=100_000, ge=1)


class TrainConfig(Section):
    """The training loop. Batches are global: the same for every number of ranks.

    `mode: full` starts from nothing and learns whole histories. `warm` starts from the newest model of an earlier day.
    `incremental` does so too, and learns what happened since that model and the whole histories of a `replay_share`
    of the users, for `continued_epochs`. Without an earlier model of the same network both train in full.
    """

    mode: Literal["full", "warm", "incremental"] = "full"
    continued_epochs: int = Field(default=2, ge=1)
    replay_share: Share = 0.1
    ranks: int = Field(default=1, ge=1)
    launcher: Literal["spark", "horovodrun", "local"] = "spark"
    device: Literal["cpu", "gpu"] = "cpu"
    threads: int = Field(default=1, ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    epochs: int = Field(default=10, ge=1)
    max_steps: int | None = Field(default=None, ge=1)
    patience: int | None = Field(default=None, ge=1)
    validate_every: int = Field(default=1, ge=1)
    validation_blocks: int = Field(default=4096, ge=1)
    checkpoint_steps: int = Field(default=1000, ge=1)
    tensorboard: Path | None = None
    batch_blocks: int = Field(default=16, ge=1)
    streams: int = Field(default=2, ge=1)
    shuffle_blocks: int = Field(default=2048, ge=1)
    target_weights: dict[str, float] = {}
    seed: int = Field(default=0, ge=0, lt=2**31)
    start_seconds: int = Field(default=300, ge=1)
    stall_seconds: int = Field(default=600, ge=1)
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    network: NetworkConfig = NetworkConfig()

    @field_validator("target_weights")
    @classmethod
    def _known_behaviors(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = [behavior for behavior in weights if behavior not in BEHAVIORS]
        if unknown:
            raise ValueError(f"{unknown}: name some of {', '.join(BEHAVIORS)}")
        if weights and (min(weights.values()) < 0 or max(weights.values()) <= 0):
            raise ValueError("a weight is 0 or more, and one of them is more than 0")
        return weights

    @model_validator(mode="after")
    def _streams_fit(self) -> "TrainConfig":
        if self.streams % self.ranks:
            raise ValueError(f"streams {self.streams} is not a multiple of ranks {self.ranks}")
        if self.batch_blocks % self.streams:
            raise ValueError(f"batch_blocks {self.batch_blocks} is not a multiple of streams {self.streams}")
        if self.launcher == "local" and self.ranks > 1:
            raise ValueError("launcher local runs one rank; set ranks to 1, or launcher to spark or horovodrun")
        return self


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


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file and apply `a.b=value` overrides, values being YAML too.

    Raises ConfigError naming the file, the key and the nearest known key.
    """
    path = Path(path)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"configuration {path}: {error.strerror}; pass an existing file with --config") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {path} is not valid YAML: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"configuration {path} holds no keys; start from conf/shop.yaml")
    for override in overrides:
        _apply_override(document, override)
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError(f"configuration {path}: " + "; ".join(_explain(part) for part in error.errors())) from None


def _apply_override(document: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"override {override!r} has no value; write --set section.key=value")
    *parents, leaf = key.split(".")
    for parent in parents:
        child = document.setdefault(parent, {})
        if not isinstance(child, dict):
            raise ConfigError(f"override {override!r}: {parent!r} is a value, not a section")
        document = child
    try:
        document[leaf] = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError(f"override {override!r}: {text!r} is not a YAML value; quote it") from None


def _explain(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "the whole"
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"][:-1])
        nearest = difflib.get_close_matches(str(error["loc"][-1]), known, n=1, cutoff=0.4)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known keys: {', '.join(sorted(known))}"
        return f"unknown key {where!r}; {hint}"
    if error["type"] == "missing":
        return f"key {where!r} is missing; add it"
    return f"{where}: {error['msg']} (got {error['input']!r})"


def _known_keys(section: Sequence[int | str]) -> list[str]:
    model: type[BaseModel] = Config
    for part in section:
        annotation = model.model_fields[str(part)].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next(kind for kind in candidates if isinstance(kind, type) and issubclass(kind, BaseModel))
    return list(model.model_fields)
