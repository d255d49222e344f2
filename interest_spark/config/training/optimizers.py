"""The section `train.optimizer`, one class a kind.

A further optimiser is a class here, named in OptimizerConfig, and a file `models/optimizers/<kind>.py` whose `build`
makes it.
"""

from typing import Annotated, Literal

from pydantic import Field

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Section, Share, Whole


class OptimizerSection(Section):
    """What the sections of all optimisers share.

    The rate rises over `warmup_steps`, then follows `schedule` down to `final_rate` of itself. Gradients are scaled
    down to a global norm of `clip_norm`. With a loss that touches some items alone, an item table of at least
    `row_wise_from` rows is updated in the rows of the batch alone.
    """

    learning_rate: float = Field(default=1e-3, gt=0.0)
    warmup_steps: Whole = 0
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    final_rate: Share = 0.0
    clip_norm: float | None = Field(default=None, gt=0.0)
    row_wise_from: Count = 100_000


class AdamConfig(OptimizerSection):
    """Adam (Kingma and Ba 2015, arXiv:1412.6980)."""

    kind: Literal["adam"] = "adam"


OptimizerConfig = Annotated[AdamConfig, Kinds()]
"""The optimiser of any kind; the first is the default."""
