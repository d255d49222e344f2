"""Who is meant by the names that models are compared under."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from interest_spark.config.deployment import Config
from interest_spark.config.file import load_config
from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.errors import ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.steps.contenders import find_contenders
from tests.tuned_shop import DAY

KEYS: dict[str, Any] = {
    "warehouse": "w",
    "sources": {"events": {"path": "unused"}},
    "train": {"network": {"dim": 16}, "epochs": 3},
    "compare": {"models": {"wide": {"train.network.dim": 128, "train.epochs": 5}, "long": {"blocks.tokens": 400}}},
}


def found(*names: str) -> dict[str, Config | None]:
    return {each.name: each.config for each in find_contenders(Config.model_validate(KEYS), names)}


def test_a_variant_is_what_it_sets_otherwise() -> None:
    models = found("sasrec", "wide", "long", "popularity")
    assert models["sasrec"] == Config.model_validate(KEYS)
    wide, long = models["wide"], models["long"]
    assert wide is not None and long is not None and models["popularity"] is None
    assert (wide.train.network.dim, wide.train.epochs) == (128, 5)
    assert (long.blocks.tokens, long.train) == (400, Config.model_validate(KEYS).train)


def test_a_collaborative_model_takes_the_place_of_the_network_and_the_other_way_round() -> None:
    models = found("sasrec", "als")
    assert models["als"] is not None and models["als"].collaborative is not None
    config = Config.model_validate({**KEYS, "collaborative": {"kind": "als", "factors": 8}})
    own, network = (each.config for each in find_contenders(config, ("als", "sasrec")))
    assert own == config
    assert network == Config.model_validate({**KEYS, "collaborative": None})


def test_a_file_gives_its_model_and_this_deployment_the_rest(tmp_path: Path) -> None:
    other = {**KEYS, "warehouse": "elsewhere", "train": {"epochs": 9}, "score": {"k": 50}}
    file = tmp_path / "best.yaml"
    file.write_text(yaml.safe_dump(other), encoding="utf-8")
    best = found("sasrec", str(file))["best"]
    assert best is not None
    assert best.train == load_config(file).train
    made_by = {"train": 0, "blocks": 0, "collaborative": 0}
    assert best.model_copy(update=made_by) == Config.model_validate(KEYS).model_copy(update=made_by)


def test_it_is_trained_under_a_name_of_its_own_from_nothing() -> None:
    config = Config.model_validate({**KEYS, "train": {**KEYS["train"], "name": "live", "mode": "incremental"}})
    context = RunContext(config, parse_day(DAY))
    runs = [each.context(context) for each in find_contenders(config, ("sasrec", "wide"))]
    assert [run.model for run in runs] == ["backtest-compare-sasrec", "backtest-compare-wide"]
    assert {(run.dt, run.config.train.mode, run.backtest) for run in runs} == {("2026-01-01", "full", True)}


def test_each_seed_is_a_training_of_its_own_and_the_first_one_is_that_of_a_comparison_without_seeds() -> None:
    models = find_contenders(Config.model_validate(KEYS), ("sasrec", "als", "item_to_item", "popularity"), seeds=3)
    names = [[one.name for one in each.trainings] for each in models]
    assert names == [
        ["sasrec", "sasrec-seed1", "sasrec-seed2"],
        ["als", "als-seed1", "als-seed2"],
        ["item_to_item"],  # draws nothing
        [],
    ]
    networks, factors = models[0].trainings, models[1].trainings
    assert networks[0].config == models[0].config
    assert [one.config.train.seed for one in networks if one.config] == [0, 1, 2]
    assert [one.config.collaborative.seed for one in factors if one.config and one.config.collaborative] == [0, 1, 2]


def test_seeds_do_not_take_the_name_of_a_variant() -> None:
    config = Config.model_validate({**KEYS, "compare": {"models": {"sasrec-seed1": {"train.epochs": 1}}}})
    with pytest.raises(ConfigError, match="'sasrec-seed1' is named twice"):
        find_contenders(config, ("sasrec", "sasrec-seed1"), seeds=2)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("sasrec", "wied"), ["unknown model 'wied'", "did you mean 'wide'?", "compare.models"]),
        (("sasrec",), ["nothing to compare with"]),
        (("sasrec", "sasrec"), ["named twice"]),
        (("popularity", "sasrec"), ["'popularity' is a baseline", "name a model first"]),
        (("sasrec", "none.yaml"), ["none.yaml"]),
    ],
)
def test_mistakes(names: tuple[str, ...], words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        found(*names)
    assert all(word in str(raised.value) for word in words), raised.value


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ({"Wide!": {}}, "a variant's name is made of"),
        ({"wide": {"score.k": 5}}, "sets keys of train, blocks and collaborative alone"),
    ],
)
def test_variants_are_checked_when_the_file_is_read(models: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Config.model_validate({**KEYS, "compare": {"models": models}})


def test_an_unknown_key_of_a_variant_is_named_with_its_place() -> None:
    config = Config.model_validate({**KEYS, "compare": {"models": {"odd": {"train.network.dimm": 5}}}})
    with pytest.raises(ConfigError, match=r"of compare\.models\.odd.*'train\.network\.dimm'.*'dim'"):
        find_contenders(config, ("sasrec", "odd"))


def test_a_served_model_cannot_have_such_a_name() -> None:
    with pytest.raises(ValueError, match="does not begin with 'backtest-' or 'compare-'"):
        Config.model_validate({**KEYS, "train": {"name": "compare-sasrec"}})
