"""The section `train.loss`, one class a kind.

A further loss is a class here, named in LossConfig, and a file `models/losses/<kind>.py` whose `build` makes it.
"""

from typing import Annotated, Literal

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Section
from interest_spark.config.training.samplers import PopularitySamplerConfig, SamplerConfig


class FullLossConfig(Section):
    """The softmax cross-entropy over all candidates, `chunk` targets at a time, by default as many as suit a
    processor's cache.
    """

    kind: Literal["full"] = "full"
    chunk: Count | None = None


class SampledLossConfig(Section):
    """The softmax over the target and negatives that the whole batch shares.

    `correct_sampling` takes out of the loss again how often the sampler draws each item (logQ).
    """

    kind: Literal["sampled"] = "sampled"
    correct_sampling: bool = True
    sampler: SamplerConfig = PopularitySamplerConfig()


LossConfig = Annotated[FullLossConfig | SampledLossConfig, Kinds()]
"""The loss of any kind; the first is the default."""
