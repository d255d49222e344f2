"""The benchmarks' modules import, and their configurations are valid."""

from importlib import import_module
from pathlib import Path

import pytest
import yaml

from interest_spark.config.file import load_config
from interest_spark.config.training.train import TrainConfig
from tests.bench.bench_accuracy import config_of

BENCH = Path(__file__).parents[2] / "bench"
MODELS = yaml.safe_load((BENCH / "models_by_data_set.yaml").read_text(encoding="utf-8"))
MODULES = sorted(path.stem for path in BENCH.glob("bench_*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_every_benchmark_imports(name: str) -> None:
    assert callable(import_module(f"tests.bench.{name}").main)


@pytest.mark.parametrize("path", sorted(BENCH.glob("accuracy_*.yaml")), ids=lambda path: path.name)
def test_every_deployment_is_valid(path: Path) -> None:
    load_config(path, ["sources.root=somewhere"])


@pytest.mark.parametrize(("data", "model"), [(data, model) for data, models in MODELS.items() for model in models])
def test_every_model_of_a_data_set_is_valid(data: str, model: str) -> None:
    TrainConfig.model_validate(config_of(data, model)["train"])


def test_the_settings_of_a_large_catalogue_are_valid() -> None:
    settings = TrainConfig.model_validate(yaml.safe_load((BENCH / "memory_1m_items.yaml").read_text(encoding="utf-8")))
    assert settings.loss.kind == "sampled"
    assert settings.loss.sampler.negatives == 2048
