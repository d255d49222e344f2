"""What a tuner may choose: `conf/tune/*.yaml`, keys of the configuration with the values that they may take."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from interest_spark.config.deployment import Config
from interest_spark.config.file import read_document, validated, value_of, with_settings
from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Section
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.shown import shown

TUNABLE = ("train.", "blocks.tokens", "blocks.category_codes", "blocks.category_buckets")
"""How the keys begin that a space may name: all that leaves what validation asks for as it is."""

_NOT_TUNABLE = ("train.name", "train.mode", "train.network.kind", "train.ranks", "train.launcher", "train.device")
AS_CONFIGURED = "as configured"
"""The variant that is added where none of the file's is what the deployment has."""


class FloatRange(Section):
    """Any number from `low` to `high`; with `log` as likely between 1 and 10 as between 10 and 100."""

    kind: Literal["float"] = "float"
    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _is_range(self) -> "FloatRange":
        _check_range(self.low, self.high, log=self.log)
        return self

    def holds(self, value: Any) -> bool:
        """Whether the value is one of the range."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high


class IntRange(Section):
    """Whole numbers from `low` to `high`, by `step`; with `log` small ones as likely as large ones."""

    kind: Literal["int"] = "int"
    low: int
    high: int
    step: Count = 1
    log: bool = False

    @model_validator(mode="after")
    def _is_range(self) -> "IntRange":
        if self.log and self.step > 1:
            raise ValueError("step and log exclude each other; leave one out")
        _check_range(self.low, self.high, log=self.log)
        return self

    def holds(self, value: Any) -> bool:
        """Whether the value is one of the range."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and self.low <= value <= self.high and (value - self.low) % self.step == 0


class Choice(Section):
    """One of several values, in no order."""

    kind: Literal["choice"] = "choice"
    among: Annotated[tuple[bool | int | float | str | None, ...], Field(min_length=2)]

    def holds(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in self.among)


class Variants(Section):
    """One of several sets of settings that make sense together alone, by names of their own, in no order."""

    kind: Literal["variants"] = "variants"
    among: Annotated[dict[str, dict[str, Any]], Field(min_length=2)]

    def holds(self, value: Any) -> bool:
        """Whether the value is the name of one of them."""
        return value in self.among


Values = FloatRange | IntRange | Choice | Variants
SearchSpace = dict[str, Values]
"""The values of each key of the configuration, or, by a name of their own, variants; in the order of the file."""


def tuned_keys(space: SearchSpace) -> tuple[str, ...]:
    """All keys of the configuration that the space may change."""
    keys = [list(_keys_of(values)) if isinstance(values, Variants) else [key] for key, values in space.items()]
    return tuple(dict.fromkeys(key for each in keys for key in each))


def settings_of(space: SearchSpace, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the configuration with the values that a choice from the space stands for."""
    settings: dict[str, Any] = {}
    for name, value in chosen.items():
        values = space[name]
        settings |= values.among[value] if isinstance(values, Variants) else {name: value}
    return settings


def chosen_by(config: Config, space: SearchSpace, origin: Path | str) -> dict[str, Any]:
    """What of the space the configuration is by itself; a value may lie outside of its range."""
    return {
        key: _own_variant(config, values, origin)
        if isinstance(values, Variants)
        else _plain(value_of(config, key, origin))
        for key, values in space.items()
    }


def _check_range(low: float, high: float, *, log: bool) -> None:
    if not low < high:
        raise ValueError(f"low {low} is not below high {high}; exchange them")
    if log and low <= 0:
        raise ValueError(f"with log, low must be above 0, and it is {low}; raise it, or leave log out")


def load_search_space(path: Path | str, config: Config) -> SearchSpace:
    """Read a search space for a deployment. Raises ConfigError naming the file, the key and what to write instead."""
    document = read_document(path, "start from conf/tune/sasrec.yaml", "--space")
    fields: dict[str, Any] = {key: (Annotated[Values, Kinds()], ...) for key in document}
    for key, values in document.items():
        if not (isinstance(values, dict) and values.get("kind") == "variants"):
            _check_tunable(key, path)
            value_of(config, key, path)
    read = validated(create_model("SearchSpaceFile", __base__=Section, **fields), document, path)
    space: SearchSpace = {key: getattr(read, key) for key in document}
    return {
        key: _with_own(config, values, path) if isinstance(values, Variants) else values
        for key, values in space.items()
    }


def _check_tunable(key: str, path: Path | str) -> None:
    if not key.startswith(TUNABLE) or key in _NOT_TUNABLE:
        raise ConfigError(
            f"configuration {path}: key '{shown(key)}' cannot be tuned; name keys of train, such as "
            "train.network.dim, or blocks.tokens"
        )


def _keys_of(variants: Variants) -> dict[str, None]:
    return dict.fromkeys(key for settings in variants.among.values() for key in settings)


def _with_own(config: Config, variants: Variants, path: Path | str) -> Variants:
    """The variants, each of which the deployment takes, and its own settings among them."""
    if AS_CONFIGURED in variants.among:
        raise ConfigError(f"configuration {path}: '{AS_CONFIGURED}' is the deployment's own variant; rename yours")
    for key in _keys_of(variants):
        _check_tunable(key, path)
    for settings in variants.among.values():
        with_settings(config, settings, path)
    if _own_variant(config, variants, path) is not None:
        return variants
    own = {key: value_of(config, key, path) for key in _keys_of(variants)}
    return Variants(among={AS_CONFIGURED: own, **variants.among})


def _own_variant(config: Config, variants: Variants, path: Path | str) -> str | None:
    """The name of the variant that the configuration is."""
    return next(
        (name for name, settings in variants.among.items() if _is_same(config, with_settings(config, settings, path))),
        None,
    )


def _is_same(config: Config, other: Config) -> bool:
    return config.model_dump(mode="json", include={"train", "blocks"}) == other.model_dump(
        mode="json", include={"train", "blocks"}
    )


def _plain(value: Any) -> Any:
    """A number that stands for several places, such as train.network.dropout, where all of them have it."""
    if isinstance(value, dict) and len(set(map(str, value.values()))) == 1:
        return next(iter(value.values()))
    return value
