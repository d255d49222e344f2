"""A configuration file and its overrides, read into `Config`; each mistake is named with its remedy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from interest_spark.config.deployment import Config
from interest_spark.config.explain import explain
from interest_spark.foundation.errors import ConfigError


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
        mistakes = "; ".join(explain(Config, each) for each in error.errors())
        raise ConfigError(f"configuration {path}: {mistakes}") from None


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
