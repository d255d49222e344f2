"""The section `train.loss.sampler`, one class a kind: how the negatives of a sampled loss are drawn.

A further sampler is a class here, named in SamplerConfig, and a file `models/losses/samplers/<kind>.py` whose `build`
makes it.
"""

from typing import Annotated, Literal

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Section, Share


class SamplerSection(Section):
    """What the sections of all samplers share: how many candidates are drawn for a batch."""

    negatives: Count = 1024


class PopularitySamplerConfig(SamplerSection):
    """In proportion to (events of the item + 1) ** `power`."""

    kind: Literal["popularity"] = "popularity"
    power: Share = 0.75


class UniformSamplerConfig(SamplerSection):
    """All candidates alike."""

    kind: Literal["uniform"] = "uniform"


SamplerConfig = Annotated[PopularitySamplerConfig | UniformSamplerConfig, Kinds()]
"""The sampler of any kind; the first is the default."""
