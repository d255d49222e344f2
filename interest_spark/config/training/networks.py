"""The section `train.network`, one class a kind.

A further network is a class here, named in NetworkConfig, and a file `models/networks/<kind>.py` whose `build`
makes it.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Rate, Section, Share
from interest_spark.config.training.network_section import MaskedNetworkSection, NetworkSection


class RatesByPlace(Section):
    """Shares of values that training sets to zero, by place; one number stands for all places."""

    @model_validator(mode="before")
    @classmethod
    def _one_rate_for_all(cls, rates: Any) -> Any:
        if isinstance(rates, int | float) and not isinstance(rates, bool):
            return dict.fromkeys(cls.model_fields, rates)
        return rates


class DropoutConfig(RatesByPlace):
    """The places of networks with attention.

    `embedding`: the summed input embeddings. `attention`: the attention weights. `activation`: inside the
    feed-forward layers. `residual`: what a sublayer adds to its input.
    """

    embedding: Rate = 0.1
    attention: Rate = 0.1
    activation: Rate = 0.1
    residual: Rate = 0.1


class LayerDropoutConfig(RatesByPlace):
    """The places of recurrent and convolutional networks.

    `embedding`: the summed input embeddings. `output`: what a layer gives to the next one; inside a recurrence nothing
    is dropped (Zaremba et al. 2014, arXiv:1409.2329).
    """

    embedding: Rate = 0.1
    output: Rate = 0.1


class AttentionSection(NetworkSection):
    """What the sections of networks with attention share; each head sees dim / `heads` numbers."""

    layers: Count = 2
    heads: Count = 1
    dropout: DropoutConfig = DropoutConfig()

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        return self


class TransformerSection(AttentionSection):
    """What the sections of Transformers share; `feed_forward`: numbers between the two dense layers of a layer."""

    feed_forward: Count = 64
    activation: Literal["relu", "gelu", "swiglu"] = "relu"


class SasRecConfig(TransformerSection):
    """The causal Transformer of Kang and McAuley 2018, arXiv:1808.09781.

    `norm` is where its layers normalise: what enters a sublayer (pre), the sum that leaves it (post), or, as in the
    code published for SASRec, the queries alone, which then take the place of what entered (query).
    """

    kind: Literal["sasrec"] = "sasrec"
    norm: Literal["pre", "post", "query"] = "pre"


class Bert4RecConfig(MaskedNetworkSection, TransformerSection):
    """The Transformer of Sun et al. 2019, arXiv:1904.06690, which looks both ways and tells hidden items."""

    kind: Literal["bert4rec"] = "bert4rec"
    heads: Count = 2
    feed_forward: Count = 256
    activation: Literal["relu", "gelu", "swiglu"] = "gelu"


class LigrConfig(TransformerSection):
    """The causal Transformer with gated sublayers of arXiv:2502.03417, as in eSASRec, arXiv:2508.06450."""

    kind: Literal["ligr"] = "ligr"
    feed_forward: Count = 256
    activation: Literal["relu", "gelu", "swiglu"] = "swiglu"


class HstuDropoutConfig(RatesByPlace):
    """The places of HSTU.

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

    reads: ClassVar[tuple[str, ...]] = ("minute",)

    kind: Literal["hstu"] = "hstu"
    layers: Count = 2
    heads: Count = 2
    head_dim: Count = 32
    value_dim: Count = 32
    dropout: HstuDropoutConfig = HstuDropoutConfig()


class RecurrentSection(NetworkSection):
    """What the sections of recurrent networks share; `hidden`: numbers in the state of each of the `layers`."""

    layers: Count = 1
    hidden: Count = 128
    dropout: LayerDropoutConfig = LayerDropoutConfig()


class Gru4RecConfig(RecurrentSection):
    """Gated recurrent units over sessions (Hidasi et al. 2016, arXiv:1511.06939)."""

    kind: Literal["gru4rec"] = "gru4rec"


class LstmConfig(RecurrentSection):
    """Stacked layers of long short-term memory (Hochreiter and Schmidhuber 1997)."""

    kind: Literal["lstm"] = "lstm"
    layers: Count = 2


class BidirectionalLstmConfig(MaskedNetworkSection, RecurrentSection):
    """Stacked layers of long short-term memory that go both ways (Graves and Schmidhuber 2005) and tell hidden items.

    `hidden`: numbers in the state of each way.
    """

    kind: Literal["bilstm"] = "bilstm"
    layers: Count = 2


class NextItNetConfig(NetworkSection):
    """Residual blocks of dilated causal convolutions (Yuan et al. 2019, arXiv:1808.05163).

    A block is named by its dilation l: a convolution over every l-th token, then one over every 2l-th, of `kernel`
    tokens each. So a token sees 1 + 3 · (kernel - 1) · (the sum of `dilations`) tokens.
    """

    kind: Literal["nextitnet"] = "nextitnet"
    kernel: Annotated[int, Field(ge=2, le=64)] = 3
    dilations: tuple[Count, ...] = Field(default=(1, 4, 1, 4), min_length=1)
    dropout: LayerDropoutConfig = LayerDropoutConfig()


class CaserConfig(NetworkSection):
    """Convolutions over the last `window` items as over a picture (Tang and Wang 2018, arXiv:1809.07426).

    `horizontal` filters of every height 1 … window over all numbers of the vectors, `vertical` ones over each number.
    """

    kind: Literal["caser"] = "caser"
    window: Annotated[int, Field(ge=1, le=64)] = 5
    horizontal: Count = 16
    vertical: Count = 4
    dropout: LayerDropoutConfig = LayerDropoutConfig()


class TwoTowersConfig(NetworkSection):
    """A tower of users, over the mean of their history, and one of items (Covington et al. 2016; Yi et al. 2019).

    Each tower has `layers` dense layers of `hidden` numbers before the `dim` of its vectors.
    """

    kind: Literal["two_towers"] = "two_towers"
    layers: Count = 1
    hidden: Count = 128
    dropout: LayerDropoutConfig = LayerDropoutConfig()


class FrequencyConfig(AttentionSection):
    """Attention mixed with a filter of frequencies: the idea of BSARec (Shin et al. 2024, arXiv:2312.10325), causal.

    `filter_share` of a layer is the filter's, its alpha; the rest is attention's.
    """

    kind: Literal["frequency"] = "frequency"
    feed_forward: Count = 256
    activation: Literal["relu", "gelu", "swiglu"] = "gelu"
    filter_share: Share = 0.7


NetworkConfig = Annotated[
    SasRecConfig
    | Gru4RecConfig
    | LstmConfig
    | NextItNetConfig
    | CaserConfig
    | FrequencyConfig
    | TwoTowersConfig
    | Bert4RecConfig
    | BidirectionalLstmConfig
    | LigrConfig
    | HstuConfig,
    Kinds(),
]
"""The network of any kind; the first is the default."""
