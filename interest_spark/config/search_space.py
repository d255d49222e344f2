"""What a tuner may choose: `conf/tune/*.yaml`, keys of the configuration with the values that they may take."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, create_model, model_validator

from interest_spark.config.deployment import Config
from interest_spark.config.file import read_document, validated, value_of
from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Section
from interest_spark.foundation.errors import ConfigError
from interest_spark.foundation.shown import shown

TUNABLE = ("train.", "blocks.tokens", "blocks.category_codes", "blocks.category_buckets")
"""How the keys begin that a space may name: all that leaves what validation asks for as it is."""

_NOT_TUNABLE = ("train.name", "train.mode", "train.network.kind", "train.ranks", "train.launcher", "train.device")


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


Values = FloatRange | IntRange | Choice
SearchSpace = dict[str, Values]
"""The values of each key, in the order of the file."""


def _check_range(low: float, high: float, *, log: bool) -> None:
    if not low < high:
        raise ValueError(f"low {low} is not below high {high}; exchange them")
    if log and low <= 0:
        raise ValueError(f"with log, low must be above 0, and it is {low}; raise it, or leave log out")


def load_search_space(path: Path | str, config: Config) -> SearchSpace:
    """Read a search space for a deployment. Raises ConfigError naming the file, the key and what to write instead."""
    document = read_document(path, "start from conf/tune/sasrec.yaml", "--space")
    for key in document:
        if not key.startswith(TUNABLE) or key in _NOT_TUNABLE:
            raise ConfigError(
                f"configuration {path}: key '{shown(key)}' cannot be tuned; name keys of train, such as "
                "train.network.dim, or blocks.tokens"
            )
        value_of(config, key, path)
    fields: dict[str, Any] = {key: (Annotated[Values, Kinds()], ...) for key in document}
    space = validated(create_model("SearchSpaceFile", __base__=Section, **fields), document, path)
    return {key: getattr(space, key) for key in document}
