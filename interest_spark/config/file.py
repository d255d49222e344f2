"""A configuration file and its overrides, read into `Config`; each mistake is named with its remedy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from interest_spark.config.deployment import Config
from interest_spark.config.explain import explain
from interest_spark.config.section import Section
from interest_spark.config.yaml_text import MOST_BYTES, TOO_LARGE, YamlError, read_yaml
from interest_spark.foundation.credentials import is_secret
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.shown import shown

_MISTAKES_TOLD = 5

S = TypeVar("S", bound=Section)


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file and apply `a.b=value` overrides, values being YAML too.

    Raises ConfigError naming the file, the key and the nearest known key. It quotes the value of a faulty key alone,
    and no value that may be a secret.
    """
    document = read_document(path, "start from conf/shop.yaml", "--config")
    for override in overrides:
        _apply_override(document, override)
    return validated(Config, document, path)


def with_settings(config: Config, settings: Mapping[str, Any], origin: Path | str) -> Config:
    """The configuration with other values of some keys, written as in `--set`; `origin` is the file that says so.

    A value may be a whole section. What the configuration leaves to a default stays so. Raises ConfigError as
    `load_config` does.
    """
    document = document_of(config)
    for key, value in settings.items():
        _set(document, key, _keys_of(key)[0], value)
    return validated(Config, document, origin)


def document_of(config: Config) -> dict[str, Any]:
    """What a YAML file of the configuration would hold: the keys that were set, not the defaults."""
    document = config.model_dump(mode="json", exclude_unset=True)
    document["sources"].pop("root", None)  # the paths below it have it in front already
    return document


def value_of(config: Config, key: str, origin: Path | str) -> Any:
    """The value of a key written as in `--set`, as YAML would have it.

    Raises ConfigError for an unknown key, in the words of a mistake in the file `origin`.
    """
    found: Any = config.model_dump(mode="json")
    for part in _keys_of(key)[0]:
        if not isinstance(found, dict) or part not in found:
            with_settings(config, {key: None}, origin)  # says what is wrong with the key
            raise ConfigError(f"configuration {origin}: key '{shown(key)}' has no value in this deployment; set it")
        found = found[part]
    return found


def read_document(path: Path | str, example: str, option: str) -> dict[str, Any]:
    """The keys of a YAML file, which `option` names. Raises ConfigError for a file that holds none."""
    try:
        document = read_yaml(_read_text(Path(path), option))
    except YamlError as mistake:
        raise ConfigError(f"configuration {path} is not valid YAML: {mistake}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"configuration {path} holds no keys; {example}")
    return document


def validated(model: type[S], document: dict[str, Any], path: Path | str) -> S:
    """The document of that file as a section. Raises ConfigError naming the first mistakes."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False)
        mistakes = [explain(model, each) for each in found[:_MISTAKES_TOLD]]
        more = [f"and {len(found) - _MISTAKES_TOLD} more mistakes"] if len(found) > _MISTAKES_TOLD else []
        raise ConfigError(f"configuration {path}: {'; '.join(mistakes + more)}") from None


def _read_text(path: Path, option: str) -> str:
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
        raise ConfigError(f"configuration {path}: {reason}; pass an existing file with {option}") from None


def _apply_override(document: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        what = "an override" if is_secret(override) else f"override '{shown(override)}'"
        raise ConfigError(f"{what} has no value; write --set section.key=value")
    keys, is_text = _keys_of(key)
    try:
        value = read_yaml(text, keys)
    except YamlError as mistake:
        raise ConfigError(f"override of '{shown(key)}' is not valid YAML: {mistake}") from None
    _set(document, key, keys, text if is_text and isinstance(value, bool | int | float) else value)


def _set(document: dict[str, Any], key: str, keys: Sequence[str], value: Any) -> None:
    *parents, leaf = keys
    for parent in parents:
        child = document.setdefault(parent, {})
        if not isinstance(child, dict):
            raise ConfigError(f"override of '{shown(key)}': '{shown(parent)}' is a value, not a section")
        document = child
    document[leaf] = value


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
            return (*keys[:place], ".".join(keys[place:])), _takes_text(get_args(named)[1])
        section = next((each for each in choices if isinstance(each, type) and issubclass(each, BaseModel)), BaseModel)
    return tuple(keys), False


def _takes_text(kind: Any) -> bool:
    """Whether a value may be a text, by itself or beside other kinds."""
    return kind is str or any(
        each is str or _takes_text(each) for each in get_args(kind) if get_origin(each) is not tuple
    )
