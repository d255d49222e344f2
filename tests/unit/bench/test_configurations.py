"""The benchmarks' modules import, and their configurations are valid."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from interest_spark.config.file import load_config
from interest_spark.config.training.train import TrainConfig

BENCH = Path(__file__).parents[2] / "bench"
MODULES = sorted(path.stem for path in BENCH.glob("bench_*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_imports(name: str) -> None:
    assert callable(import_module(f"tests.bench.{name}").main)


@pytest.mark.parametrize("path", sorted(BENCH.glob("accuracy_*.yaml")), ids=lambda path: path.name)
def test_every_deployment_is_valid(path: Path) -> None:
    load_config(path, ["sources.root=somewhere"])


def test_the_settings_of_a_large_catalogue_are_valid() -> None:
    settings = TrainConfig.model_validate(yaml.safe_load((BENCH / "memory_1m_items.yaml").read_text(encoding="utf-8")))
    assert settings.loss.kind == "sampled"
    assert settings.loss.sampler.negatives == 2048
