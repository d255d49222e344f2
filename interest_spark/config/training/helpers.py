"""Sections of `train` for what helps a training run whatever its network and loss; left out, there is no such help."""

from pydantic import Field, model_validator

from interest_spark.config.section import Count, Rate, Section, Share, Whole


class AverageConfig(Section):
    """The weights that are validated and published are an exponential moving average of those that training moves.

    After each step the average keeps a share `decay` of itself; fewer in its first steps, so that it soon forgets where
    it began. It begins after `from_step` steps.
    """

    decay: Rate = 0.999
    from_step: Whole = 0


class ContrastiveConfig(Section):
    """Two changed views of each history are to be alike, and unlike those of the stream's other histories (CL4SRec).

    Each view keeps a stretch of `crop` of the events, hides a share `mask` of their items, or shuffles a stretch of
    `reorder` of them: one of these by chance, and none whose share is 0. Their loss counts `weight` times.
    """

    weight: float = Field(default=0.1, gt=0.0, le=100.0)
    temperature: float = Field(default=0.5, gt=0.0, le=10.0)
    crop: Share = 0.6
    mask: Rate = 0.3
    reorder: Share = 0.6

    @model_validator(mode="after")
    def _some_view(self) -> "ContrastiveConfig":
        if not (self.crop or self.mask or self.reorder):
            raise ValueError("crop, mask and reorder are all 0, so that views would not differ; raise one of them")
        return self


class AugmentConfig(Section):
    """Histories are made shorter by chance, other ones in each epoch, for shops whose users are mostly new.

    `cut`: the chance that a history is cut in two, and the newer part learnt as that of a user who has just come.
    `hide`: the chance that the network does not see the item of an event in a history of fewer than `shorter_than`.
    """

    cut: Share = 0.2
    hide: Rate = 0.1
    shorter_than: Count = 20
