"""The parent model of a training run, and what is left to learn after it."""

from typing import Any

from pydantic import ValidationError

from interest_spark.config.deployment import Config
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.config.training.second_stage import SecondStageConfig
from interest_spark.features.blocks.scope import EVERYTHING, LearningScope, scope_after
from interest_spark.foundation.errors import BadDataError
from interest_spark.foundation.locations import Location
from interest_spark.foundation.log import get_logger
from interest_spark.models.card import ModelCard, read_card
from interest_spark.models.training.plan import ParentModel
from interest_spark.schemas.tokens import ColumnScheme
from interest_spark.storage.bundles import bundle_path, check_bundle, read_config
from interest_spark.storage.snapshot import Snapshot


def find_parent(models: Snapshot, warehouse: Location, config: Config, dt: str) -> ParentModel | None:
    """The newest model of a day before `dt` whose network is the configured one; None where training is to be full.

    `models` is the table, `warehouse` the folder that its paths are relative to.

    A model that cannot be the parent is passed over with its reason in the log.
    """
    if config.train.mode == "full":
        return None
    earlier = [day for day in models.days(name=config.train.model_name) if day < dt]
    for row in (row for day in reversed(earlier) for row in _rows(models, day, config.train.model_name)):
        parent, reason = _candidate(row, warehouse, config)
        if reason is None:
            return parent
        get_logger().warning("model cannot be the parent", model_version=row["model_version"], reason=reason)
    get_logger().info("training in full", mode=config.train.mode, reason="there is no earlier model of this network")
    return None


def scope_of(parent: ParentModel | None, config: Config, changed_days: tuple[int, ...] = ()) -> LearningScope:
    """In incremental mode what arrived after the parent's last day, or on `changed_days`, else everything."""
    if parent is None or config.train.mode != "incremental":
        return EVERYTHING
    return scope_after(parent.trained_through, config.blocks.held_out, config.train.replay_share, changed_days)


def shapes_fit(
    card: ModelCard,
    network: NetworkConfig,
    tokens: int,
    columns: ColumnScheme,
    second_stage: SecondStageConfig | None = None,
) -> bool:
    """Whether the model of that card can be the parent: its weights have the wanted shapes and meaning."""
    pairs = (card.network, network), (card.second_stage, second_stage)
    alike = all(_lasting(theirs) == _lasting(ours) for theirs, ours in pairs)
    return alike and (card.max_length, card.columns) == (tokens, columns)


def _lasting(section: NetworkConfig | SecondStageConfig | None) -> dict[str, Any] | None:
    """What weights depend on."""
    return None if section is None else section.model_dump(exclude=set(section.changeable))


def _rows(models: Snapshot, day: str, name: str) -> list[dict[str, Any]]:
    return models.read_small(day=day, name=name).to_pylist()


def _candidate(row: dict[str, Any], warehouse: Location, config: Config) -> tuple[ParentModel | None, str | None]:
    """The model of a row of `models`, and why it cannot be the parent."""
    try:
        values = {**row, "path": bundle_path(warehouse, row["path"] or "")}
        parent = ParentModel.model_validate({name: values[name] for name in ParentModel.model_fields})
    except BadDataError as error:
        return None, str(error)
    except ValidationError:
        return None, "its row in the table models is damaged"
    return parent, _reason_against(parent, config)


def _reason_against(parent: ParentModel, config: Config) -> str | None:
    try:
        check_bundle(parent.path, parent.manifest_sha256)
        card = read_card(read_config(parent.path))
    except BadDataError as error:
        return str(error)
    fits = shapes_fit(card, config.train.network, config.blocks.tokens, config.columns, config.train.second_stage)
    return None if fits else "its network, second stage, blocks.tokens or token columns are others"
