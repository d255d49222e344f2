"""What the sections of all networks share: what they see of items and users, and how vectors are compared."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

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
