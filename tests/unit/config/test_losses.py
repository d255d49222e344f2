"""What a loss multiplies scores by is noted in bundles: without it nobody can read probabilities from scores."""

import pytest

from interest_spark.config.training.losses import (
    BceLossConfig,
    FullLossConfig,
    InfoNceLossConfig,
    LossConfig,
    SampledLossConfig,
    score_scale,
)


@pytest.mark.parametrize(
    ("loss", "scale"),
    [
        (FullLossConfig(), 1.0),
        (FullLossConfig(score_scale=20.0), 20.0),
        (InfoNceLossConfig(temperature=0.05), 20.0),
        (SampledLossConfig(), 1.0),
        (BceLossConfig(), 1.0),
    ],
)
def test_the_scale_of_scores(loss: LossConfig, scale: float) -> None:
    assert score_scale(loss) == pytest.approx(scale)
