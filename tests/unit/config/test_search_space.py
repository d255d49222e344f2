"""Search spaces: those that come along fit their networks, and a mistake is named with what to write instead."""

from pathlib import Path

import pytest

from interest_spark.config.deployment import Config
from interest_spark.config.file import with_settings
from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.search_space import (
    AS_CONFIGURED,
    Choice,
    FloatRange,
    IntRange,
    Variants,
    chosen_by,
    load_search_space,
    settings_of,
    tuned_keys,
)
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.config.training.second_stage import SecondStageConfig
from interest_spark.foundation.errors import ConfigError

ROOT = Path(__file__).parents[3]
KINDS = list(sections_by_kind(NetworkConfig))
STAGES = list(sections_by_kind(SecondStageConfig))


def config_of(kind: str = "sasrec", stage: str | None = None) -> Config:
    train = {"network": {"kind": kind}, "second_stage": stage and {"kind": stage}}
    return Config.model_validate({"warehouse": "w", "sources": {"events": {"path": "unused"}}, "train": train})


def write(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", [*KINDS, *STAGES])
def test_every_network_and_second_stage_has_a_space_whose_bounds_it_accepts(kind: str) -> None:
    config, file = config_of(kind) if kind in KINDS else config_of(stage=kind), ROOT / f"conf/tune/{kind}.yaml"
    space = load_search_space(file, config)
    for key, values in space.items():
        for value in values.among if isinstance(values, Choice | Variants) else (values.low, values.high):
            with_settings(config, settings_of(space, {key: value}), file)


def test_there_is_no_space_for_an_unknown_network() -> None:
    assert {path.stem for path in (ROOT / "conf/tune").glob("*.yaml")} == {*KINDS, *STAGES}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "train.network.dimm: {kind: int, low: 1, high: 2}",
            ["key 'train.network.dimm'", "did you mean 'dim'?"],
        ),
        ("train.network.dim: {kind: choise, among: [1, 2]}", ["unknown kind 'choise'", "did you mean 'choice'?"]),
        ("train.network.dim: {kind: int, low: 3, high: 1}", ["low 3 is not below high 1"]),
        ("train.network.dropout: {kind: float, low: 0, high: 1, log: true}", ["low must be above 0"]),
        ("train.epochs: {kind: int, low: 1, high: 9, step: 2, log: true}", ["step and log exclude each other"]),
        ("train.epochs: {kind: int, low: 1}", ["key 'train.epochs.high' is missing"]),
        ("train.epochs: {kind: choice, among: [3]}", ["train.epochs.among", "at least 2"]),
        ("blocks.target: {kind: choice, among: [next_event, next_session]}", ["'blocks.target' cannot be tuned"]),
        ("train.ranks: {kind: int, low: 1, high: 4}", ["'train.ranks' cannot be tuned"]),
        ("[]", ["holds no keys; start from conf/tune/sasrec.yaml"]),
        ("loss: {kind: variants, among: {a: {train.ranks: 1}, b: {}}}", ["'train.ranks' cannot be tuned"]),
        ("loss: {kind: variants, among: {a: {train.epochs: 1}}}", ["loss.among", "at least 2"]),
        (
            "loss: {kind: variants, among: {a: {}, b: {train.loss: {kind: infonse}}}}",
            ["unknown kind 'infonse'", "did you mean 'infonce'?"],
        ),
        ("loss: {kind: choice, among: [full, bpr]}", ["'loss' cannot be tuned"]),
        ("loss: {kind: variants, among: {as configured: {}, b: {}}}", ["the deployment's own variant; rename yours"]),
    ],
)
def test_mistakes(tmp_path: Path, text: str, words: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load_search_space(path, config_of())
    assert all(word in str(raised.value) for word in [str(path), *words]), raised.value


VARIANTS = """
train.epochs: {kind: int, low: 1, high: 9}
loss:
  kind: variants
  among:
    products: {train.loss: {kind: full}}
    cosines: {train.loss: {kind: full, score_scale: 20}, train.network.unit_vectors: true}
"""


def test_a_variant_stands_for_all_its_keys(tmp_path: Path) -> None:
    path, config = write(tmp_path, VARIANTS), config_of()
    space = load_search_space(path, config)
    assert tuned_keys(space) == ("train.epochs", "train.loss", "train.network.unit_vectors")
    assert chosen_by(config, space, path) == {"train.epochs": config.train.epochs, "loss": "products"}
    settings = settings_of(space, {"train.epochs": 4, "loss": "cosines"})
    assert settings == {
        "train.epochs": 4,
        "train.loss": {"kind": "full", "score_scale": 20},
        "train.network.unit_vectors": True,
    }
    chosen = with_settings(config, settings, path)
    assert chosen_by(chosen, space, path) == {"train.epochs": 4, "loss": "cosines"}


def test_what_a_deployment_has_is_tried_even_where_no_variant_is_like_it(tmp_path: Path) -> None:
    path = write(tmp_path, VARIANTS)
    config = with_settings(config_of(), {"train.loss": {"kind": "bpr"}}, path)
    space = load_search_space(path, config)
    assert chosen_by(config, space, path)["loss"] == AS_CONFIGURED
    other = with_settings(config, settings_of(space, {"loss": "cosines"}), path)
    assert other.train.loss.kind == "full"
    assert with_settings(other, settings_of(space, {"loss": AS_CONFIGURED}), path).train == config.train


def test_a_missing_file_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pass an existing file with --space"):
        load_search_space(tmp_path / "none.yaml", config_of())


def test_what_values_hold() -> None:
    assert [FloatRange(low=0.1, high=2).holds(value) for value in (0.1, 1, 2.5, True, "1")] == [
        True,
        True,
        *[False] * 3,
    ]
    assert [IntRange(low=2, high=8, step=3).holds(value) for value in (2, 5, 6, 5.0)] == [True, True, False, False]
    assert [Choice(among=(1, "a", None)).holds(value) for value in (1, "a", None, True, "b")] == [
        *[True] * 3,
        False,
        False,
    ]
