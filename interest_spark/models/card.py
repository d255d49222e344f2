"""What a bundle says about its network, and the network built from it."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import PositiveFloat, PositiveInt, ValidationError

from interest_spark.config.section import Section
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.config.training.second_stage import SecondStageConfig
from interest_spark.foundation.dates import parse_zone
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.origin import Origin
from interest_spark.schemas.tokens import ColumnScheme

if TYPE_CHECKING:
    from interest_spark.models.networks.network import Network

_REMEDY = "train again with `interest train`"


class ModelCard(Section):
    """A bundle's `config.json`: all that is needed to build the network again, and where it came from."""

    model_version: str
    network: NetworkConfig
    second_stage: SecondStageConfig | None = None
    vocabulary_size: PositiveInt  # rows of the item tables: the largest item_index plus one
    max_length: PositiveInt  # tokens a block holds, hence the most items of a history the network can look at
    columns: ColumnScheme = ColumnScheme()  # that the network's inputs follow; bundles older than it have no inputs
    started_from: str | None = None  # the model_version of the parent model, whose weights training went on from
    trained_through: str  # the last day whose events it has seen
    seed: int
    epochs: int
    steps: int
    loss: float
    score_scale: PositiveFloat | None = None  # of the loss: its softmax is that of the scores times this; as `origin`
    origin: Origin | None = None  # earlier releases' bundles do not say


def read_card(config: Mapping[str, Any]) -> ModelCard:
    """Raises BadDataError when a bundle's configuration is not one this code can build a network from."""
    try:
        card = ModelCard.model_validate(config)
        parse_zone(card.columns.time_zone)
    except ConfigError as error:
        raise BadDataError(f"the model bundle's configuration: {error}; {_REMEDY}") from None
    except ValidationError as error:
        where = f"{', '.join('.'.join(map(str, part['loc'])) for part in error.errors()):.200}"
        raise BadDataError(
            f"the model bundle's configuration does not describe a network of this code ({where}); {_REMEDY}"
        ) from None
    if "category" in card.network.inputs and "category_codes" not in card.columns.model_fields_set:
        raise BadDataError(
            f"model {card.model_version} was trained on hashed categories by an earlier release, and categories have "
            f"other codes now; {_REMEDY}"
        )
    return card


def build_network(
    network: NetworkConfig,
    vocabulary_size: int,
    max_length: int,
    seed: int = 0,
    columns: ColumnScheme = ColumnScheme(),  # noqa: B008  (frozen)
    second_stage: SecondStageConfig | None = None,
) -> "Network":
    """The network a configuration describes, with fresh weights: `build` of the module that its kind names."""
    modules = "interest_spark.models.networks"  # they import TensorFlow
    built: Network = import_module(f"{modules}.{network.kind}").build(
        network, vocabulary_size, max_length, seed, columns
    )
    if network.has_user_side and not built.has_user_tower:
        built = import_module(f"{modules}.user_side").WithUserSide(built, network)
    if network.unit_vectors:
        built = import_module(f"{modules}.unit_vectors").UnitVectors(built)
    if second_stage is not None:
        stages = import_module("interest_spark.models.networks.second_stage.second_stage")
        built.second_stage = stages.build_second_stage(second_stage, network.dim, built.parameters)
    return built


def network_of(card: ModelCard) -> "Network":
    """The network that a bundle's card describes, with fresh weights."""
    return build_network(
        card.network, card.vocabulary_size, card.max_length, columns=card.columns, second_stage=card.second_stage
    )
