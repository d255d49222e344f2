"""The section `train.network`, one class a kind.

A further network is a class here, named in NetworkConfig, and a file `models/networks/<kind>.py` whose `build`
makes it.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import field_validator, model_validator

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Rate, Section, Share
from interest_spark.schemas.tokens import INPUTS


class NetworkSection(Section):
    """What the sections of all networks share: the token columns that the network sees beside the items, and whether
    its vectors have unit length, so that scores are cosines.
    """

    changeable: ClassVar[frozenset[str]] = frozenset()
    """Keys that may differ from the parent model's: they change neither the weights' shapes nor their meaning."""

    masked: ClassVar[bool] = False
    """Whether it learns, and is asked, for an item that a MASK token hides, and not for the one after a token."""

    reads: ClassVar[tuple[str, ...]] = ()
    """Token columns that the network always computes with, of MEASURES."""

    inputs: tuple[str, ...] = ()
    unit_vectors: bool = False

    @property
    def token_columns(self) -> tuple[str, ...]:
        """All token columns that the network is given beside the items: its declared inputs and what it reads."""
        return (*self.inputs, *self.reads)

    @field_validator("inputs")
    @classmethod
    def _known_inputs(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in inputs if name not in INPUTS]
        if unknown:
            raise ValueError(f"{unknown}: name some of {', '.join(INPUTS)}")
        if len(set(inputs)) < len(inputs):
            raise ValueError("an input is named twice")
        return tuple(name for name in INPUTS if name in inputs)  # one order: the same inputs make the same model


class MaskedNetworkSection(NetworkSection):
    """What the sections of networks that train masked share.

    In each step a `mask_share` of the events is hidden, and in a `last_share` of the histories the newest alone.
    """

    masked: ClassVar[bool] = True
    changeable: ClassVar[frozenset[str]] = frozenset({"mask_share", "last_share"})

    mask_share: Rate = 0.2
    last_share: Share = 0.1


class DropoutConfig(Section):
    """Shares of values that training sets to zero, by place; one number stands for all four.

    `embedding`: the summed input embeddings. `attention`: the attention weights. `activation`: inside the
    feed-forward layers. `residual`: what a sublayer adds to its input.
    """

    embedding: Rate = 0.1
    attention: Rate = 0.1
    activation: Rate = 0.1
    residual: Rate = 0.1


class SasRecConfig(NetworkSection):
    """The causal Transformer of Kang and McAuley 2018, arXiv:1808.09781.

    `norm` is where its layers normalise: what enters a sublayer (pre), the sum that leaves it (post), or, as in the
    code published for SASRec, the queries alone, which then take the place of what entered (query).
    """

    changeable: ClassVar[frozenset[str]] = frozenset({"dropout"})

    kind: Literal["sasrec"] = "sasrec"
    dim: Count = 64
    layers: Count = 2
    heads: Count = 1
    feed_forward: Count = 64
    norm: Literal["pre", "post", "query"] = "pre"
    activation: Literal["relu", "gelu", "swiglu"] = "relu"
    tied_output: bool = True
    dropout: DropoutConfig = DropoutConfig()

    @field_validator("dropout", mode="before")
    @classmethod
    def _one_rate_for_all(cls, dropout: Any) -> Any:
        if isinstance(dropout, int | float) and not isinstance(dropout, bool):
            return dict.fromkeys(DropoutConfig.model_fields, dropout)
        return dropout

    @model_validator(mode="after")
    def _heads_divide(self) -> "SasRecConfig":
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        return self


NetworkConfig = Annotated[SasRecConfig, Kinds()]
"""The network of any kind; the first is the default."""
