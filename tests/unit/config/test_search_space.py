"""Search spaces: those that come along fit their networks, and a mistake is named with what to write instead."""

from pathlib import Path

import pytest

from interest_spark.config.deployment import Config
from interest_spark.config.file import with_settings
from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.search_space import Choice, FloatRange, IntRange, load_search_space
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
    for key, values in load_search_space(file, config).items():
        for value in values.among if isinstance(values, Choice) else (values.low, values.high):
            with_settings(config, {key: value}, file)


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
    ],
)
def test_mistakes(tmp_path: Path, text: str, words: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load_search_space(path, config_of())
    assert all(word in str(raised.value) for word in [str(path), *words]), raised.value


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
