"""The section `train.loss`, one class a kind.

A further loss is a class here, named in LossConfig, and a file `models/losses/<kind>.py` whose `build` makes it.
"""

from typing import Annotated, Literal

from pydantic import Field

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Rate, Section, Share
from interest_spark.config.training.samplers import PopularitySamplerConfig, SamplerConfig

Gamma = Annotated[float, Field(ge=0.0, le=10.0)]
"""How much less a target weighs that is foretold well already (Lin et al. 2017); 0: all alike."""


class FullLossConfig(Section):
    """The softmax cross-entropy over all candidates, `chunk` targets at a time, by default as many as suit a
    processor's cache. A share `label_smoothing` of each target is spread over all candidates. Scores are multiplied
    by `score_scale`: 20 suits cosines, which `train.network.unit_vectors` makes of scores.
    """

    kind: Literal["full"] = "full"
    chunk: Count | None = None
    score_scale: float = Field(default=1.0, gt=0.0, le=1000.0)
    label_smoothing: Rate = 0.0
    focal_gamma: Gamma = 0.0


class SampledLossConfig(Section):
    """The softmax over the target and negatives that the whole batch shares.

    `correct_sampling` takes out of the loss again how often the sampler draws each item (logQ).
    """

    kind: Literal["sampled"] = "sampled"
    correct_sampling: bool = True
    sampler: SamplerConfig = PopularitySamplerConfig()
    label_smoothing: Rate = 0.0
    focal_gamma: Gamma = 0.0


class InfoNceLossConfig(Section):
    """The softmax over the target and negatives by the cosine of their vectors, divided by `temperature`.

    It needs `train.network.unit_vectors`, so that what is served are the same cosines.
    """

    kind: Literal["infonce"] = "infonce"
    temperature: float = Field(default=0.07, gt=0.0, le=10.0)
    correct_sampling: bool = True
    sampler: SamplerConfig = PopularitySamplerConfig()
    focal_gamma: Gamma = 0.0


class BceLossConfig(Section):
    """A yes or no for the target and each of the negatives, by itself (binary cross-entropy)."""

    kind: Literal["bce"] = "bce"
    sampler: SamplerConfig = PopularitySamplerConfig()
    focal_gamma: Gamma = 0.0


class GbceLossConfig(Section):
    """Binary cross-entropy against uniform `negatives` without the overconfidence that leaving out the others brings.

    `calibration` is the paper's t: 0 for plain binary cross-entropy, 1 for scores that are probabilities again.
    """

    kind: Literal["gbce"] = "gbce"
    negatives: Count = 256
    calibration: Share = 0.75


class BprLossConfig(Section):
    """The target is to have a higher score than each of the negatives (Bayesian personalised ranking)."""

    kind: Literal["bpr"] = "bpr"
    sampler: SamplerConfig = PopularitySamplerConfig()


LossConfig = Annotated[
    FullLossConfig | SampledLossConfig | InfoNceLossConfig | BceLossConfig | GbceLossConfig | BprLossConfig, Kinds()
]
"""The loss of any kind; the first is the default."""


def score_scale(loss: LossConfig) -> float:
    """What the loss multiplies scores by before it takes their softmax; 1 of those that take none."""
    if isinstance(loss, FullLossConfig):
        return loss.score_scale
    return 1 / loss.temperature if isinstance(loss, InfoNceLossConfig) else 1.0
