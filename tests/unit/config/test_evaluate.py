"""Settings of the baselines that fit a model."""

from typing import Any

import pytest

from interest_spark.config.collaborative import AlsConfig, EaseConfig
from interest_spark.config.evaluate import EvaluateConfig


def test_a_baseline_has_its_own_settings_and_the_rest_of_its_kind() -> None:
    models = EvaluateConfig.model_validate({"fitted": {"als": {"factors": 8}, "ease": {"ridge": 9}}}).models
    assert models["als"] == AlsConfig(factors=8)
    assert models["ease"] == EaseConfig(ridge=9)
    assert EvaluateConfig().models["als"] == AlsConfig(factors=32, iterations=10, regularization=0.1)


@pytest.mark.parametrize(
    ("fitted", "words"),
    [
        ({"alz": {}}, "did you mean 'als'"),
        ({"popularity": {}}, "unknown baseline that fits a model 'popularity'"),
        ({"als": {"factor": 8}}, "unknown setting of als 'factor'; did you mean 'factors'"),
        ({"als": {"kind": "ease"}}, "als"),
    ],
)
def test_mistakes(fitted: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EvaluateConfig.model_validate({"fitted": fitted})
