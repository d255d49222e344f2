"""The section `train.network`, one class a kind.

A further network is a class here, named in NetworkConfig, and a file `models/networks/<kind>.py` whose `build`
makes it.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Rate, Section, Share
from interest_spark.schemas.tokens import INPUTS


class NetworkSection(Section):
    """What the sections of all networks share: the token columns that the network sees beside the items."""

    changeable: ClassVar[frozenset[str]] = frozenset()
    """Keys that may differ from the parent model's: they change neither the weights' shapes nor their meaning."""

    masked: ClassVar[bool] = False
    """Whether it learns, and is asked, for an item that a MASK token hides, and not for the one after a token."""

    reads: ClassVar[tuple[str, ...]] = ()
    """Token columns that the network always computes with, of MEASURES."""

    inputs: tuple[str, ...] = ()

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


def _rate_everywhere(places: type[Section], dropout: Any) -> Any:
    """One number for all places of a dropout section as that section's values; others as they are."""
    if isinstance(dropout, int | float) and not isinstance(dropout, bool):
        return dict.fromkeys(places.model_fields, dropout)
    return dropout


class TransformerSection(NetworkSection):
    """What the sections of all Transformers share."""

    changeable: ClassVar[frozenset[str]] = frozenset({"dropout"})

    dim: Count = 64
    layers: Count = 2
    heads: Count = 1
    feed_forward: Count = 64
    activation: Literal["relu", "gelu", "swiglu"] = "relu"
    tied_output: bool = True
    dropout: DropoutConfig = DropoutConfig()

    @field_validator("dropout", mode="before")
    @classmethod
    def _one_rate_for_all(cls, dropout: Any) -> Any:
        return _rate_everywhere(DropoutConfig, dropout)

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        return self


class SasRecConfig(TransformerSection):
    """The causal Transformer of Kang and McAuley 2018, arXiv:1808.09781.

    `norm` is where its layers normalise: what enters a sublayer (pre), the sum that leaves it (post), or, as in the
    code published for SASRec, the queries alone, which then take the place of what entered (query).
    """

    kind: Literal["sasrec"] = "sasrec"
    norm: Literal["pre", "post", "query"] = "pre"


class Bert4RecConfig(MaskedNetworkSection, TransformerSection):
    """The Transformer of Sun et al. 2019, arXiv:1904.06690, which looks both ways and tells hidden items."""

    changeable: ClassVar[frozenset[str]] = MaskedNetworkSection.changeable | TransformerSection.changeable

    kind: Literal["bert4rec"] = "bert4rec"
    heads: Count = 2
    feed_forward: Count = 256
    activation: Literal["relu", "gelu", "swiglu"] = "gelu"


class LigrConfig(TransformerSection):
    """The causal Transformer with gated sublayers of arXiv:2502.03417, as in eSASRec, arXiv:2508.06450."""

    kind: Literal["ligr"] = "ligr"
    feed_forward: Count = 256
    activation: Literal["relu", "gelu", "swiglu"] = "swiglu"


class HstuDropoutConfig(Section):
    """Shares of values that training sets to zero, by place; one number stands for all three.

    `embedding`: the summed input embeddings. `attention`: the attention weights. `output`: what the last product of a
    layer is made of.
    """

    embedding: Rate = 0.2
    attention: Rate = 0.0
    output: Rate = 0.2


class HstuConfig(NetworkSection):
    """The pointwise attention of Zhai et al. 2024, arXiv:2402.17152, with biases of relative places and times.

    `head_dim`: numbers of a head's queries and keys. `value_dim`: of its values and gates.
    """

    changeable: ClassVar[frozenset[str]] = frozenset({"dropout"})
    reads: ClassVar[tuple[str, ...]] = ("minute",)

    kind: Literal["hstu"] = "hstu"
    dim: Count = 64
    layers: Count = 2
    heads: Count = 2
    head_dim: Count = 32
    value_dim: Count = 32
    tied_output: bool = True
    dropout: HstuDropoutConfig = HstuDropoutConfig()

    @field_validator("dropout", mode="before")
    @classmethod
    def _one_rate_for_all(cls, dropout: Any) -> Any:
        return _rate_everywhere(HstuDropoutConfig, dropout)


NetworkConfig = Annotated[SasRecConfig | Bert4RecConfig | LigrConfig | HstuConfig, Kinds()]
"""The network of any kind; the first is the default."""
