"""The training run of one rank: epochs of steps, every block once, a bundle at the end."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa

from interest_spark.bundles import Bundle, write_bundle
from interest_spark.errors import BadDataError
from interest_spark.model.adam import Adam
from interest_spark.model.candidates import read_candidates
from interest_spark.model.card import ModelCard, build_network
from interest_spark.model.collectives import Ranks
from interest_spark.model.curve import Curve, NoCurve, draw_curve
from interest_spark.model.dropout import stream_keys
from interest_spark.model.ledger import BlockLedger
from interest_spark.model.losses import FullCrossEntropy
from interest_spark.model.plan import TrainPlan, TrainResult
from interest_spark.model.reader import BlockReader, ReaderSettings
from interest_spark.model.runtime import be_deterministic
from interest_spark.model.sasrec import SasRec
from interest_spark.model.step import TrainStep

TOKEN_COLUMNS = ("item", "target", "segment", "position")
"""What every network reads; beside it the inputs that its configuration declares."""

Beat = Callable[[int], None]


@dataclass
class Totals:
    """How far a run has come; `loss` is the mean over the targets of the newest epoch."""

    epochs: int = 0
    steps: int = 0
    targets: int = 0
    loss: float = 0.0


def train(plan: TrainPlan, ranks: Ranks, beat: Beat) -> TrainResult | None:
    """Run the plan as one of `ranks`, calling `beat` with the number of finished steps after each.

    Rank 0 writes the bundle and returns the result, the others return None. Equal plans give bitwise equal
    weights. Raises BadDataError for blocks that cannot be used, are lost or repeated, or make the loss NaN.
    """
    started = time.monotonic()
    settings = plan.train
    be_deterministic(settings.seed)
    items = read_candidates(plan.candidates)
    candidates = items["item_index"].to_numpy()
    network = build_network(settings.network, int(candidates[-1]) + 1, plan.tokens, settings.seed, plan.columns)
    variables = network.parameters.by_name
    ranks.broadcast(list(variables.values()))
    loss = FullCrossEntropy(candidates, settings.loss_chunk)
    step = TrainStep(network, loss, Adam(variables, settings.learning_rate), ranks, settings.network.dropout)
    totals = fit(plan, step, ranks, beat)
    if ranks.rank:
        return None
    return TrainResult(
        manifest_sha256=_write(plan, network, items, totals),
        item_count=len(candidates),
        parameters=sum(int(np.prod(variable.shape)) for variable in variables.values()),
        epochs=totals.epochs,
        steps=totals.steps,
        targets=totals.targets,
        loss=totals.loss,
        seconds=round(time.monotonic() - started, 3),
    )


def fit(plan: TrainPlan, step: TrainStep, ranks: Ranks, beat: Beat) -> Totals:
    """Take every step of the plan; the blocks of each whole epoch are counted over all ranks."""
    reader = BlockReader(plan.files, reader_settings(plan), ranks.rank, ranks.size)
    if not reader.blocks:
        raise BadDataError(f"no user has two known items up to {plan.trained_through}: there is nothing to train on")
    ledger = BlockLedger(plan.files)
    total_steps = min(plan.train.epochs * reader.steps, plan.train.max_steps or plan.train.epochs * reader.steps)
    curve: AbstractContextManager[Curve] = nullcontext(NoCurve()) if ranks.rank else draw_curve(plan.curve, total_steps)
    totals = Totals()
    with curve as drawn:
        while totals.steps < total_steps:
            steps = min(reader.steps, total_steps - totals.steps)
            _fit_epoch(plan, step, reader, steps, ledger, totals, drawn, beat)
            if steps == reader.steps:
                ledger.check(ranks.sum_counts(ledger.reads), totals.epochs)
    return totals


def reader_settings(plan: TrainPlan) -> ReaderSettings:
    """How the plan's batches are drawn: `batch_blocks` blocks a step over all streams of all ranks."""
    return ReaderSettings(
        columns=(*TOKEN_COLUMNS, *plan.train.network.inputs),
        tokens=plan.tokens,
        streams=plan.train.streams,
        blocks_per_stream=plan.train.batch_blocks // plan.train.streams,
        shuffle_blocks=plan.train.shuffle_blocks,
        seed=plan.train.seed,
    )


def _fit_epoch(
    plan: TrainPlan,
    step: TrainStep,
    reader: BlockReader,
    steps: int,
    ledger: BlockLedger,
    totals: Totals,
    curve: Curve,
    beat: Beat,
) -> None:
    totals.epochs += 1
    ledger.start_epoch()
    loss_sum, targets = 0.0, 0
    batches = reader.epoch(totals.epochs)
    for batch in batches if steps == reader.steps else islice(batches, steps):
        totals.steps += 1
        result = step(batch, stream_keys(plan.train.seed, totals.steps, reader.streams), totals.steps)
        ledger.note(batch.block_id)
        curve.note(totals.epochs, totals.steps, result)
        beat(totals.steps)
        loss_sum, targets = loss_sum + result.loss_sum, targets + result.targets
    totals.targets += targets
    totals.loss = loss_sum / max(targets, 1)


def _write(plan: TrainPlan, network: SasRec, items: pa.Table, totals: Totals) -> str:
    card = ModelCard(
        model_version=plan.model_version,
        network=plan.train.network,
        vocabulary_size=int(network.parameters.by_name["items"].shape[0]),
        max_length=plan.tokens,
        columns=plan.columns,
        trained_through=plan.trained_through,
        seed=plan.train.seed,
        epochs=totals.epochs,
        steps=totals.steps,
        loss=totals.loss,
    )
    return write_bundle(plan.bundle, Bundle(network.parameters.values(), card.model_dump(mode="json"), items))
