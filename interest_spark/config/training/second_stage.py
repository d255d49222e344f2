"""The section `train.second_stage`, one class a kind: what ranks the network's best candidates anew.

A further second stage is a class here, named in SecondStageConfig, and a file
`models/networks/second_stage/<kind>.py` whose `build` makes it.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Rate, Section


class SecondStageSection(Section):
    """What the sections of all second stages share.

    Scoring takes the `candidates` items of the largest products of vectors and ranks these alone by what the second
    stage says of each beside the history. In training `targets` of each block, chosen anew in each step, are held
    against `negatives` items of a `sample` by popularity, half of them those that the network itself ranks highest.
    `hidden`: numbers between the dense layers, of which `dropout` sets a share to zero.
    """

    changeable: ClassVar[frozenset[str]] = frozenset({"candidates", "targets", "negatives", "sample", "dropout"})
    """Keys that may differ from the parent model's: they change neither the weights' shapes nor their meaning."""

    candidates: Annotated[int, Field(ge=10, le=10_000)] = 200  # validation looks at ten
    targets: Count = 16
    negatives: Count = 32
    sample: Count = 1024
    hidden: Count = 64
    dropout: Rate = 0.1


class DinConfig(SecondStageSection):
    """Target attention over the last `history` events (Zhou et al. 2018, arXiv:1706.06978).

    `attention`: numbers inside the unit that weighs an event for a candidate.
    """

    kind: Literal["din"] = "din"
    history: Annotated[int, Field(ge=1, le=1024)] = 50
    attention: Count = 32


class NeuMfConfig(SecondStageSection):
    """A product of vectors number by number beside dense layers (He et al. 2017, arXiv:1708.05031)."""

    kind: Literal["neumf"] = "neumf"


SecondStageConfig = Annotated[DinConfig | NeuMfConfig, Kinds()]
"""The second stage of any kind; the first is the default."""
