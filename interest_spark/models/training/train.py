"""The training run of one rank: a network, a loss and an optimiser from the plan, the loop, a bundle at the end."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import tensorflow as tf

from interest_spark.config.training.losses import score_scale
from interest_spark.config.training.samplers import PopularitySamplerConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.card import ModelCard, build_network, read_card
from interest_spark.models.data.block_files import split_files
from interest_spark.models.data.candidates import read_candidates
from interest_spark.models.data.coverage import EpochCoverage
from interest_spark.models.data.local_files import on_this_machine
from interest_spark.models.data.reader import BlockReader, ReaderSettings
from interest_spark.models.losses.loss import Loss, build_loss
from interest_spark.models.losses.samplers.sampler import build_sampler
from interest_spark.models.networks.network import Network
from interest_spark.models.networks.parameters import Parameters
from interest_spark.models.optimizers.optimizer import build_optimizer
from interest_spark.models.parallel.collectives import Ranks
from interest_spark.models.runtime import enable_determinism, peak_memory_kb
from interest_spark.models.training.average import build_average
from interest_spark.models.training.content import set_content
from interest_spark.models.training.contrastive import ContrastiveLoss
from interest_spark.models.training.item_attributes import set_attributes
from interest_spark.models.training.loop import TrainingLoop
from interest_spark.models.training.objectives import build_objective
from interest_spark.models.training.plan import TrainPlan, TrainResult
from interest_spark.models.training.run_state import RunState
from interest_spark.models.training.second_stage_loss import SecondStageLoss
from interest_spark.models.training.step import StepSettings, TrainStep
from interest_spark.models.training.target_weights import target_columns, target_weights
from interest_spark.models.training.validation import Validation
from interest_spark.models.training.warm_start import starting_weights
from interest_spark.storage.bundles import Bundle, read_config, write_bundle

INPUT_COLUMNS = ("item", "segment", "position")
"""What every network reads; beside it the token columns that its configuration names."""


def train(
    plan: TrainPlan, ranks: Ranks, on_step: Callable[[int], None], wants_stop: Callable[[], bool] = lambda: False
) -> TrainResult | None:
    """Run the plan as one of `ranks`, calling `on_step` with the number of finished steps after each.

    Goes on from the newest checkpoint of the plan's model version. Rank 0 writes the bundle and returns the result,
    the others return None. Equal plans give bitwise equal weights, interrupted or not. Raises BadDataError for
    blocks that cannot be used, are lost or repeated, or make the loss NaN, BusyError when a rank was asked to stop.
    """
    started = time.monotonic()
    if plan.train.device == "cpu":
        enable_determinism(plan.train.seed)
    items = read_candidates(plan.candidates)
    vocabulary_size = _vocabulary_size(plan, items)
    shape = plan.train.network, vocabulary_size, plan.tokens, plan.train.seed, plan.columns
    network = build_network(*shape, plan.train.second_stage)
    set_content(network.parameters, plan)
    set_attributes(network.parameters, plan.train.network, items)
    network.parameters.assign(starting_weights(network.parameters, items, plan.parent))
    with on_this_machine(plan.files) as files:
        loop = build_loop(plan, ranks, network, items, files)
        state = loop.run(on_step, wants_stop)
    memory = ranks.sum_counts(np.array([peak_memory_kb()], np.int64))
    if ranks.rank:
        return None
    return TrainResult(
        manifest_sha256=_write(plan, network, vocabulary_size, items, state),
        item_count=items.num_rows,
        parameters=sum(int(np.prod(variable.shape)) for variable in network.parameters.trainable.values()),
        epochs=state.epochs,
        steps=state.steps,
        targets=state.targets,
        loss=state.loss,
        best_epoch=state.best_epoch or None,
        ndcg=state.best_ndcg if state.best_epoch else None,
        resumed_from=loop.resumed_from,
        wire_bytes_per_step=state.wire_bytes / max(state.steps, 1),
        input_share=loop.input_share,
        seconds=round(time.monotonic() - started, 3),
        peak_memory_mb=round(int(memory[0]) / 1024, 1),
    )


def build_loop(
    plan: TrainPlan, ranks: Ranks, network: Network, items: pa.Table, files: Sequence[str] | None = None
) -> TrainingLoop:
    """Everything that the plan names, put together for this rank; `files`: copies of the plan's."""
    settings = plan.train
    learnt, held_out = split_files(plan.files if files is None else files)
    reader = BlockReader(learnt, reader_settings(plan), ranks.rank, ranks.size)
    if not reader.blocks and plan.parent is None:
        raise BadDataError(
            f"no user has two known items up to {plan.trained_through}, or before what blocks.held_out keeps from it: "
            "there is nothing to train on"
        )
    total_steps = min(plan.epochs * reader.steps, settings.max_steps or plan.epochs * reader.steps)
    optimizer = build_optimizer(settings.optimizer, network.parameters.trainable, total_steps)
    loss = build_loss(settings.loss, items, tf.as_dtype(settings.precision))
    objective = build_objective(settings.network, settings.augment)
    settings_of_step = step_settings(plan, network.parameters, loss, second_stage_loss(network, items))
    step = TrainStep(network, objective, loss, optimizer, ranks, settings_of_step)
    validation = Validation(
        held_out,
        (*INPUT_COLUMNS, *settings.network.token_columns, *settings.network.user_columns),
        items["item_index"].to_numpy(),
        ranks,
        exclude_seen=plan.exclude_seen,
        max_blocks=settings.validation_blocks,
    )
    coverage = EpochCoverage(learnt)
    average = build_average(settings.average, network.parameters.trainable)
    return TrainingLoop(plan, ranks, network, optimizer, average, step, reader, coverage, validation, total_steps)


def reader_settings(plan: TrainPlan) -> ReaderSettings:
    """How the plan's batches are drawn: `batch_blocks` blocks a step over all streams of all ranks."""
    network = plan.train.network
    return ReaderSettings(
        columns=(*INPUT_COLUMNS, *network.token_columns, *network.user_columns, *target_columns(plan.train)),
        tokens=plan.tokens,
        streams=plan.train.streams,
        blocks_per_stream=plan.train.batch_blocks // plan.train.streams,
        shuffle_blocks=plan.train.shuffle_blocks,
        seed=plan.train.seed,
    )


def step_settings(
    plan: TrainPlan, parameters: Parameters, loss: Loss, second_stage: SecondStageLoss | None = None
) -> StepSettings:
    """What the plan says of targets and further losses; a loss that touches all items leaves no row out."""
    tables = [] if loss.touches_all_items else parameters.item_tables
    least = plan.train.optimizer.row_wise_from
    row_wise = frozenset(name for name in tables if parameters.trainable[name].shape[0] >= least)
    precision, contrastive = tf.as_dtype(plan.train.precision), plan.train.contrastive
    added = [] if contrastive is None else [ContrastiveLoss(contrastive, plan.train.network, precision)]
    return StepSettings(target_weights(plan), row_wise, precision, plan.train.seed, added, second_stage)


def second_stage_loss(network: Network, items: pa.Table) -> SecondStageLoss | None:
    """What teaches the network's second stage to rank the candidates `items` (read_candidates), where it has one."""
    stage = network.second_stage
    if stage is None:
        return None
    sampler = build_sampler(PopularitySamplerConfig(negatives=stage.config.sample), items["events"].to_numpy())
    return SecondStageLoss(stage, items["item_index"].to_numpy(), sampler)


def _vocabulary_size(plan: TrainPlan, items: pa.Table) -> int:
    """Rows of the item tables: they never shrink from one model to the next."""
    needed = int(items["item_index"][-1].as_py()) + 1
    return needed if plan.parent is None else max(needed, read_card(read_config(plan.parent.path)).vocabulary_size)


def _write(plan: TrainPlan, network: Network, vocabulary_size: int, items: pa.Table, state: RunState) -> str:
    card = ModelCard(
        model_version=plan.model_version,
        network=plan.train.network,
        second_stage=plan.train.second_stage,
        vocabulary_size=vocabulary_size,
        max_length=plan.tokens,
        columns=plan.columns,
        started_from=None if plan.parent is None else plan.parent.model_version,
        trained_through=plan.trained_through,
        seed=plan.train.seed,
        epochs=state.epochs,
        steps=state.steps,
        loss=state.loss,
        score_scale=score_scale(plan.train.loss),
        origin=plan.origin,
    )
    candidates = items.select(["item_index", "item_id"])
    return write_bundle(plan.bundle, Bundle(network.parameters.values(), card.model_dump(mode="json"), candidates))
