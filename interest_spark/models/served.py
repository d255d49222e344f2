"""A published model of any kind, as scoring needs it: what it looks at, and loaded."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.card import read_card
from interest_spark.models.collaborative.card import is_collaborative, read_collaborative_card
from interest_spark.models.published import Model
from interest_spark.models.without_keras import import_tensorflow
from interest_spark.schemas.tokens import source_lists
from interest_spark.storage.bundles import Bundle, read_bundle, read_config

if TYPE_CHECKING:
    from interest_spark.models.collaborative.history_model import HistoryModel
    from interest_spark.models.inference import Encoder


def lists_of(model: Model) -> tuple[str, ...]:
    """The lists of `sequences` that the model looks at."""
    config: Mapping[str, Any] = read_config(model.path)
    if not is_collaborative(config):
        return source_lists(read_card(config).network.token_columns)
    from interest_spark.features.collaborative.interactions import rule_of

    return rule_of(read_collaborative_card(config).collaborative).lists


def user_attributes_of(model: Model) -> tuple[str, ...]:
    """The attributes of users that the model looks at."""
    config: Mapping[str, Any] = read_config(model.path)
    return () if is_collaborative(config) else read_card(config).network.user_attributes


def load_model(model: Model, threads: int = 1) -> "Encoder | HistoryModel":
    """Read the model's bundle and check its seal.

    Raises BadDataError when the bundle is missing, changed, or no model of this code.
    """
    if not is_collaborative(read_config(model.path)):
        import_tensorflow()
        from interest_spark.models.inference import load_encoder

        return load_encoder(model.path, model.manifest_sha256, threads)
    try:
        return build_collaborative(read_bundle(model.path, model.manifest_sha256))
    except BadDataError as error:
        raise BadDataError(f"model bundle {model.path}: {error}") from None


def build_collaborative(bundle: Bundle) -> "HistoryModel":
    """The model of a bundle: `build` of the module that its kind names."""
    card = read_collaborative_card(bundle.config)
    module = import_module(f"interest_spark.models.collaborative.{card.collaborative.kind}")
    built: HistoryModel = module.build(card, bundle)
    return built
