"""Readers: a further one is one new file and one name in the configuration."""

from importlib import import_module
from pathlib import Path

import pytest

from interest_spark import sources
from interest_spark.config.source import READERS, SourceConfig
from interest_spark.sources.reader import get_reader


def test_the_configuration_names_the_files_that_hold_a_reader() -> None:
    modules = [path.stem for folder in sources.__path__ for path in Path(folder).glob("*.py")]
    holding = {name for name in modules if hasattr(import_module(f"interest_spark.sources.{name}"), "READER")}
    assert holding == set(READERS)


@pytest.mark.parametrize("name", READERS)
def test_the_defaults_of_a_reader_are_a_valid_source(name: str) -> None:
    reader = get_reader(name)
    for kind in ("events", "items", "users", "campaigns"):
        own = SourceConfig(path="x", reader=name, separator="|")
        assert reader.settings(kind, own).separator == "|"
    assert {"user_id", "item_id"} <= set(reader.settings("events", SourceConfig(path="x", reader=name)).columns)
