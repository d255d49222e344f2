"""The section `collaborative`: a model of who used which items together, in place of a network; one class a kind.

A further kind is a class here, named in CollaborativeConfig, a file `models/collaborative/<kind>.py` whose `build`
serves it, and its place in `steps/collaborative.py`, which fits it.
"""

from typing import Annotated, Literal

from pydantic import Field

from interest_spark.config.behavior_weights import BehaviorWeights
from interest_spark.config.kinds import Kinds
from interest_spark.config.names import ModelName
from interest_spark.config.section import Count, Section

Positive = Annotated[float, Field(gt=0.0)]


class CollaborativeSection(Section):
    """What the sections of all kinds share: the `name` that the model and its lists are published under, by default its
    kind, and what an event counts for by its behavior.
    """

    name: ModelName | None = None
    behavior_weights: BehaviorWeights = Field(default={})


class AlsConfig(CollaborativeSection):
    """Implicit matrix factorisation by alternating least squares (Hu, Koren and Volinsky, ICDM 2008), by Spark MLlib.

    An item that a user's events give the weight r has the confidence 1 + `alpha` r. A user's or an item's
    `regularization` is multiplied by its number of partners, as MLlib does (Zhou et al. 2008).
    """

    kind: Literal["als"] = "als"
    factors: Count = 64
    iterations: Count = 15
    regularization: Positive = 0.01
    alpha: Positive = 1.0
    seed: int = Field(default=0, ge=0, lt=2**31)


class ItemToItemConfig(CollaborativeSection):
    """The items most often used by the same users (Deshpande and Karypis, TOIS 22, 2004).

    Each item has at most `neighbours`, by the cosine of their users or by the conditional probability of the neighbour.
    An event loses half of its weight in `half_life_days`. Of a user only the `last_items` distinct items are paired:
    pairs grow with their square.
    """

    kind: Literal["item_to_item"] = "item_to_item"
    similarity: Literal["cosine", "conditional"] = "cosine"
    neighbours: Count = 100
    half_life_days: Positive | None = None
    last_items: Count = 100


class EaseConfig(CollaborativeSection):
    """The linear model whose weights between items have a closed form (Steck, WWW 2019, arXiv:1905.03375).

    `ridge` is what squared weights cost, the lambda of the paper. A matrix of all items is inverted, hence `max_items`:
    beyond it fitting is refused. Of a user only the `last_items` distinct items count.
    """

    kind: Literal["ease"] = "ease"
    ridge: Positive = 500.0
    last_items: Count = 100
    max_items: Count = 10_000


CollaborativeConfig = Annotated[AlsConfig | ItemToItemConfig | EaseConfig, Kinds()]
"""The model of any kind; the first is the default."""
