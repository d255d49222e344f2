"""What the bundle of a collaborative model says of it."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from interest_spark.config.collaborative import CollaborativeConfig
from interest_spark.config.section import Section
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.origin import Origin

_KEY = "collaborative"


class CollaborativeCard(Section):
    """A bundle's `config.json`: its kind with all settings that fitting and serving follow."""

    model_version: str
    collaborative: CollaborativeConfig
    trained_through: str  # the last day whose events it was fitted on
    origin: Origin | None = None  # earlier releases' bundles do not say


def is_collaborative(config: Mapping[str, Any]) -> bool:
    """Whether a bundle's configuration is a collaborative model's, and not a network's."""
    return _KEY in config


def read_collaborative_card(config: Mapping[str, Any]) -> CollaborativeCard:
    """Raises BadDataError when a bundle's configuration describes no model of this code."""
    try:
        return CollaborativeCard.model_validate(config)
    except (ValidationError, ConfigError) as error:
        where = (
            ", ".join(".".join(map(str, part["loc"])) for part in error.errors())
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise BadDataError(
            f"the model bundle's configuration describes no collaborative model of this code ({where:.200}); "
            "fit it again with `interest train`"
        ) from None
