"""The section `train.loss.sampler`, one class a kind: how the negatives of a sampled loss are drawn.

A further sampler is a class here, named in SamplerConfig, and a file `models/losses/samplers/<kind>.py` whose `build`
makes it.
"""

from typing import Annotated, Literal

from pydantic import model_validator

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Section, Share


class SamplerSection(Section):
    """What the sections of all samplers share: how many candidates are drawn at once."""

    negatives: Count = 1024


class PopularitySamplerConfig(SamplerSection):
    """In proportion to (events of the item + 1) ** `power`."""

    kind: Literal["popularity"] = "popularity"
    power: Share = 0.75


class UniformSamplerConfig(SamplerSection):
    """All candidates alike."""

    kind: Literal["uniform"] = "uniform"


class InBatchSamplerConfig(SamplerSection):
    """Among the targets of the same stream: `negatives` for each of the streams, popular items as often as met."""

    kind: Literal["in_batch"] = "in_batch"


class MixedSamplerConfig(SamplerSection):
    """A share `in_batch` of the negatives from the stream's targets, a share `uniform` from all candidates alike, the
    rest by popularity.
    """

    kind: Literal["mixed"] = "mixed"
    in_batch: Share = 0.5
    uniform: Share = 0.25
    power: Share = 0.75

    @model_validator(mode="after")
    def _shares_of_one(self) -> "MixedSamplerConfig":
        if self.in_batch + self.uniform > 1.0:
            raise ValueError(f"in_batch {self.in_batch} and uniform {self.uniform} are more than 1 together")
        return self


SamplerConfig = Annotated[
    PopularitySamplerConfig | UniformSamplerConfig | InBatchSamplerConfig | MixedSamplerConfig, Kinds()
]
"""The sampler of any kind; the first is the default."""
