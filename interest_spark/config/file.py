"""A configuration file and its overrides, read into `Config`; each mistake is named with its remedy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from interest_spark.config.deployment import Config
from interest_spark.config.explain import explain
from interest_spark.config.yaml_text import MOST_BYTES, TOO_LARGE, YamlError, read_yaml
from interest_spark.foundation.credentials import is_secret
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.shown import shown

_MISTAKES_TOLD = 5


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file and apply `a.b=value` overrides, values being YAML too.

    Raises ConfigError naming the file, the key and the nearest known key. It quotes the value of a faulty key alone,
    and no value that may be a secret.
    """
    try:
        document = read_yaml(_read_text(Path(path)))
    except YamlError as mistake:
        raise ConfigError(f"configuration {path} is not valid YAML: {mistake}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"configuration {path} holds no keys; start from conf/shop.yaml")
    for override in overrides:
        _apply_override(document, override)
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False)
        mistakes = [explain(Config, each) for each in found[:_MISTAKES_TOLD]]
        more = [f"and {len(found) - _MISTAKES_TOLD} more mistakes"] if len(found) > _MISTAKES_TOLD else []
        raise ConfigError(f"configuration {path}: {'; '.join(mistakes + more)}") from None


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise YamlError(TOO_LARGE)
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlError(f"byte {error.start + 1} is not UTF-8; save it as UTF-8") from None
    except YamlError:
        raise
    except (OSError, ValueError) as error:  # the latter of a path with a NUL character
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"configuration {path}: {reason}; pass an existing file with --config") from None


def _apply_override(document: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        what = "an override" if is_secret(override) else f"override '{shown(override)}'"
        raise ConfigError(f"{what} has no value; write --set section.key=value")
    keys, is_text = _keys_of(key)
    *parents, leaf = keys
    for parent in parents:
        child = document.setdefault(parent, {})
        if not isinstance(child, dict):
            raise ConfigError(f"override of '{shown(key)}': '{shown(parent)}' is a value, not a section")
        document = child
    try:
        value = read_yaml(text, keys)
        document[leaf] = text if is_text and isinstance(value, bool | int | float) else value
    except YamlError as mistake:
        raise ConfigError(f"override of '{shown(key)}' is not valid YAML: {mistake}") from None


def _keys_of(override: str) -> tuple[tuple[str, ...], bool]:
    """The keys that lead to an overridden value, and whether that is a text, whatever it looks like.

    Below a key that holds names of any kind, dots belong to the name.

    >>> _keys_of("train.network.dim")
    (('train', 'network', 'dim'), False)
    >>> _keys_of("spark.conf.spark.ui.enabled")
    (('spark', 'conf', 'spark.ui.enabled'), True)
    """
    keys = override.split(".")
    section: Any = Config
    for place, key in enumerate(keys[:-1], start=1):
        field = section.model_fields.get(key)
        choices = (field.annotation, *get_args(field.annotation)) if field else ()
        if named := next((each for each in choices if get_origin(each) is dict), None):
            return (*keys[:place], ".".join(keys[place:])), get_args(named)[1] is str
        section = next((each for each in choices if isinstance(each, type) and issubclass(each, BaseModel)), BaseModel)
    return tuple(keys), False
