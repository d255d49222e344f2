"""Which steps a deployment's training is made of, and under which name it publishes."""

from pathlib import Path

import pytest

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.foundation.errors import ConfigError
from interest_spark.steps.nightly import steps_of


def config_of(folder: Path, *overrides: str) -> Config:
    path = folder / "shop.yaml"
    path.write_text("warehouse: w\nsources: {events: {path: x}}\n", encoding="utf-8")
    return load_config(path, overrides)


@pytest.mark.parametrize(
    ("overrides", "steps", "name"),
    [
        ((), ["train_blocks", "train"], "sasrec"),
        (("collaborative.kind=als",), ["collaborative"], "als"),
        (("collaborative.kind=ease", "train.name=ours"), ["collaborative"], "ease"),
        (("collaborative={}", "collaborative.name=tastes"), ["collaborative"], "tastes"),
    ],
)
def test_one_key_chooses_the_model(tmp_path: Path, overrides: tuple[str, ...], steps: list[str], name: str) -> None:
    config = config_of(tmp_path, *overrides)
    assert [step.name for step in steps_of("train", config)] == steps
    assert config.model_name == name
    assert [step.name for step in steps_of("score", config)] == ["score"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("collaborative.kind=asl", "unknown kind 'asl' of collaborative; did you mean 'als'"),
        ("collaborative.neighbours=5", "it belongs to another kind: set collaborative.kind to item_to_item"),
        ("collaborative.factor=5", "did you mean 'factors'"),
        ("collaborative.alpha=0", "collaborative.alpha"),
        ("collaborative.name=backtest-x", "does not begin with 'backtest-'"),
        ("collaborative.behavior_weights={buy: 1}", "name some of view"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_of(tmp_path, override)
