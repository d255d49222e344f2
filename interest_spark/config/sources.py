"""The section `sources` of the configuration: where raw logs lie and what their fields mean."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from interest_spark.config.names import ZoneName, known_name
from interest_spark.config.section import Section
from interest_spark.config.time_pattern import parse_pattern
from interest_spark.schemas.behaviors import BEHAVIORS

READERS = ("mapped", "online_retail", "taobao", "movielens", "amazon_reviews", "gowalla")
"""The raw formats. A further one is its name here, and a file `sources/<name>.py` whose `READER` knows the format."""

PLAIN_TIMES = ("iso", "unix_s", "unix_ms")
"""The values of `time_format` that are no pattern."""


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
    time_zone: ZoneName = "UTC"

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, reader: str) -> str:
        return known_name("reader", reader, READERS)

    @field_validator("time_format")
    @classmethod
    def _known_pattern(cls, time_format: str) -> str:
        if time_format not in PLAIN_TIMES:
            parse_pattern(time_format)
        return time_format

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
        if not isinstance(root, str) or not root:
            return keys
        return {name: _move_below(root, value) for name, value in keys.items()}


def _move_below(root: str, source: Any) -> Any:
    if not isinstance(source, dict) or not isinstance(source.get("path"), str):
        return source
    path = source["path"]
    return source if path.startswith("/") or "://" in path else {**source, "path": f"{root.rstrip('/')}/{path}"}
