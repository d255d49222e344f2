"""What a named raw format knows: defaults for a source's configuration, and corrections in columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import polars as pl

from interest_spark.config.source import SourceConfig

Refusal = tuple[str, Callable[[pl.DataFrame], pl.Series]]


def _unchanged(text: pl.DataFrame) -> pl.DataFrame:
    return text


@dataclass(frozen=True)
class Reader:
    """One raw format.

    `events`, `items`, `users`, `campaigns` and the lists of people hold SourceConfig defaults (columns, format,
    time_format …), which the deployment's own keys override. `correct` rewrites the canonical text columns before they
    are typed; `refusals` are further quarantine reasons, each with the rows that have it.
    """

    events: Mapping[str, Any]
    items: Mapping[str, Any] = field(default_factory=dict)
    users: Mapping[str, Any] = field(default_factory=dict)
    campaigns: Mapping[str, Any] = field(default_factory=dict)
    opt_outs: Mapping[str, Any] = field(default_factory=lambda: {"columns": {"user_id": "user_id"}})
    consents: Mapping[str, Any] = field(default_factory=lambda: {"columns": {"user_id": "user_id"}})
    seeds: Mapping[str, Any] = field(default_factory=lambda: {"columns": {"user_id": "user_id", "list": "list"}})
    correct: Callable[[pl.DataFrame], pl.DataFrame] = _unchanged
    refusals: Sequence[Refusal] = ()

    def settings(self, kind: str, source: SourceConfig) -> SourceConfig:
        """The source's configuration with this format's defaults below its own keys."""
        own = {key: getattr(source, key) for key in source.model_fields_set}
        return SourceConfig.model_validate({**getattr(self, kind), **own})


def get_reader(name: str) -> Reader:
    """The reader of one of `config.source.READERS`, from the module of that name."""
    reader: Reader = import_module(f"interest_spark.sources.{name}").READER
    return reader
