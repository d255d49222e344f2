"""The section `train.network`, one class a kind.

A further network is a class here, named in NetworkConfig, and a file `models/networks/<kind>.py` whose `build`
makes it.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from interest_spark.config.kinds import Kinds
from interest_spark.config.section import Count, Rate, Section, Share
from interest_spark.schemas.tokens import INPUTS, USER_COLUMNS

ContentSource = Literal["als"]
"""Where content vectors come from: the item factors of a matrix factorisation."""

ItemAttribute = Annotated[str, Field(pattern=r"^(category|brand|price|attributes\..+)$")]
"""A column of `items`, or `attributes.<name>` of what else the shop says of them."""

UserAttribute = Annotated[str, Field(pattern=r"^(gender|age|region|attributes\..+)$")]
"""A column of `users`, or `attributes.<name>` of what else the shop says of them."""


class NetworkSection(Section):
    """What the sections of all networks share.

    `inputs`: the token columns that the network sees beside the items. `dim`: numbers in the vector of an item, a token
    and a user. `tied_output`: whether items have one vector, both for what was seen and for what is to come.
    `unit_vectors`: whether vectors of tokens and items have unit length, so that scores are cosines.
    `content`: what else is known of items, as frozen vectors, with how many numbers each has; an item's vector gets a
    learnt projection of it added. `attributes`: columns of `items` whose values have a learnt vector each, which is
    added to those of the items that have them; values are told apart by hashes, `attribute_codes` of each attribute. In
    training a `content_dropout` share of what was seen is shown without content and attributes, so that items that have
    none are no strangers. `user_attributes`: columns of `users`, told apart in the same way by `user_attribute_codes`,
    whose vectors are added to the user's; `user_content`: whether the content of what a user has used is, too.
    """

    changeable: ClassVar[frozenset[str]] = frozenset({"dropout", "content_dropout"})
    """Keys that may differ from the parent model's: they change neither the weights' shapes nor their meaning."""

    masked: ClassVar[bool] = False
    """Whether it learns, and is asked, for an item that a MASK token hides, and not for the one after a token."""

    reads: ClassVar[tuple[str, ...]] = ()
    """Token columns that the network always computes with, of MEASURES."""

    inputs: tuple[str, ...] = ()
    dim: Count = 64
    tied_output: bool = True
    unit_vectors: bool = False
    content: dict[ContentSource, Count] = Field(default={})
    content_dropout: Rate = 0.2
    attributes: tuple[ItemAttribute, ...] = ()
    attribute_codes: Count = 4096
    user_attributes: tuple[UserAttribute, ...] = Field(default=(), max_length=len(USER_COLUMNS))
    user_attribute_codes: Count = 4096
    user_content: bool = False

    @model_validator(mode="after")
    def _content_for_users(self) -> Self:
        if self.user_content and not self.content:
            raise ValueError("user_content needs content; name a source, for example content: {als: 64}")
        return self

    @field_validator("attributes", "user_attributes")
    @classmethod
    def _attributes_named_once(cls, attributes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(attributes)) < len(attributes):
            raise ValueError("an attribute is named twice")
        return tuple(sorted(attributes))  # one order: the same attributes make the same model

    @field_validator("inputs")
    @classmethod
    def _known_inputs(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in inputs if name not in INPUTS]
        if unknown:
            raise ValueError(f"{unknown}: name some of {', '.join(INPUTS)}")
        if len(set(inputs)) < len(inputs):
            raise ValueError("an input is named twice")
        return tuple(name for name in INPUTS if name in inputs)  # one order: the same inputs make the same model

    @property
    def token_columns(self) -> tuple[str, ...]:
        """All token columns that the network is given beside the items: its declared inputs and what it reads."""
        return (*self.inputs, *self.reads)

    @property
    def user_columns(self) -> tuple[str, ...]:
        """The columns that say something of a history's user, one for each of `user_attributes`."""
        return USER_COLUMNS[: len(self.user_attributes)]

    @property
    def has_user_side(self) -> bool:
        """Whether anything is known of users beside what they did and when."""
        return bool(self.user_attributes) or self.user_content


class MaskedNetworkSection(NetworkSection):
    """What the sections of networks that train masked share.

    In each step a `mask_share` of the events is hidden, and in a `last_share` of the histories the newest alone.
    """

    masked: ClassVar[bool] = True
    changeable: ClassVar[frozenset[str]] = NetworkSection.changeable | {"mask_share", "last_share"}

    mask_share: Rate = 0.2
    last_share: Share = 0.1


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
