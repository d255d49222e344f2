"""Epochs of steps, every block once, the best weights kept, and checkpoints from which a run goes on bit by bit."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import numpy as np

from interest_spark.foundation.errors import BusyError
from interest_spark.foundation.log import get_logger
from interest_spark.models.data.coverage import EpochCoverage
from interest_spark.models.data.read_ahead import read_ahead
from interest_spark.models.data.reader import Batch, BlockReader
from interest_spark.models.networks.network import Network
from interest_spark.models.optimizers.optimizer import Optimizer
from interest_spark.models.parallel.collectives import Ranks
from interest_spark.models.training.average import Average
from interest_spark.models.training.checkpoint import Arrays, Checkpoint, read_newest_checkpoint, write_checkpoint
from interest_spark.models.training.curve import LearningCurve, NoLearningCurve, write_learning_curve
from interest_spark.models.training.plan import TrainPlan
from interest_spark.models.training.rank_losses import RankLosses
from interest_spark.models.training.run_state import RunState
from interest_spark.models.training.step import TrainStep
from interest_spark.models.training.tensorboard import also_for_tensorboard
from interest_spark.models.training.validation import Validation

_BATCHES_AHEAD = 16  # an epoch's files take some steps to open; a batch is below a few megabytes


class TrainingLoop:
    """One rank's part of a run. `resumed_from`: the steps that a checkpoint had already taken."""

    def __init__(
        self,
        plan: TrainPlan,
        ranks: Ranks,
        network: Network,
        optimizer: Optimizer,
        average: Average,
        step: TrainStep,
        reader: BlockReader,
        coverage: EpochCoverage,
        validation: Validation,
        total_steps: int,
    ) -> None:
        self._plan, self._ranks, self._network, self._average, self._step = plan, ranks, network, average, step
        self._reader, self._coverage, self._validation, self._total_steps = reader, coverage, validation, total_steps
        self._variables = {**network.parameters.trainable, **optimizer.state, **average.state}
        self._state, self._curve, self._rank_losses = RunState(), "", RankLosses(ranks)
        self._best: Arrays | None = None
        self._waited = self._worked = 0.0
        self._resume()
        self.resumed_from = self._state.steps
        ranks.broadcast(list(self._variables.values()))

    def run(self, on_step: Callable[[int], None], wants_stop: Callable[[], bool]) -> RunState:
        """Take the steps that are left; the network then holds the weights of the best epoch, or of the last one."""
        epochs = self._reader.epochs(self._state.epochs + 1, self._plan.epochs)
        with self._learning_curve() as curve, read_ahead(epochs, _BATCHES_AHEAD) as batches:
            while self._state.steps < self._total_steps and not self._is_over():
                self._run_epoch(batches, curve, on_step, wants_stop)
        self._average.take()
        for name, values in (self._best or {}).items():
            self._network.parameters.trainable[name].assign(values)
        return self._state

    @property
    def input_share(self) -> float:
        """The share of this rank's time in steps that it spent waiting for batches."""
        return self._waited / max(self._waited + self._worked, 1e-9)

    def _run_epoch(
        self,
        batches: Iterator[Batch],
        curve: LearningCurve,
        on_step: Callable[[int], None],
        wants_stop: Callable[[], bool],
    ) -> None:
        state, reader = self._state, self._reader
        epoch = state.epochs + 1
        self._coverage.start_epoch()
        for batch in islice(batches, state.epoch_steps):  # taken before the interruption
            self._coverage.add(batch.block_id)
        steps = min(reader.steps - state.epoch_steps, self._total_steps - state.steps)
        whole = state.epoch_steps + steps == reader.steps
        for batch in self._timed(islice(batches, steps)):
            result = self._step(batch, reader.streams, state.steps + 1, wants_stop())
            self._average.update()
            self._coverage.add(batch.block_id)
            state.add(result)
            self._rank_losses.add(result)
            ended = state.epoch_steps == reader.steps or state.steps == self._total_steps
            curve.add_step(epoch, state.steps, result, self._rank_losses.means() if ended else ())
            on_step(state.steps)
            if state.epoch_steps < reader.steps:
                self._save(curve, stopped=result.stop_votes > 0)
        if whole:
            self._coverage.check(self._ranks.sum_counts(self._coverage.reads), epoch)
        state.end_epoch()
        self._rank_losses.end_epoch()
        self._validate(curve)
        self._save(curve, stopped=state.steps < self._total_steps and result.stop_votes > 0)

    def _validate(self, curve: LearningCurve) -> None:
        """Validate the newest epoch where that is due, and keep its weights where they are the best so far."""
        state, every = self._state, self._plan.train.validate_every
        last = state.steps >= self._total_steps
        if not self._validation.held_out_targets or (state.epochs % every and not last):
            return
        with self._average.in_place():
            ndcg = self._validation.ndcg(self._network)
            if state.add_validation(ndcg):
                self._best = {name: each.numpy() for name, each in self._network.parameters.trainable.items()}
        curve.add_validation(state.epochs, state.steps, ndcg, self._validation.held_out_targets)

    def _is_over(self) -> bool:
        patience = self._plan.train.patience
        return patience is not None and self._state.worse_epochs >= patience

    def _save(self, curve: LearningCurve, *, stopped: bool) -> None:
        """Write a checkpoint where one is due; a run that is to stop ends here, all ranks in the same step."""
        due = self._state.steps % self._plan.train.checkpoint_steps == 0
        if due or stopped:
            self._state.rank_sums = self._rank_losses.sums()
        if not self._ranks.rank and (due or stopped):
            arrays = {name: variable.numpy() for name, variable in self._variables.items()}
            write_checkpoint(self._plan.checkpoints, Checkpoint(self._state, arrays, self._best, curve.text()))
        if stopped:
            raise BusyError(
                f"training was stopped after step {self._state.steps} of {self._total_steps}; a checkpoint was "
                "written and nothing was published: run the job again, and it goes on from there"
            )

    def _resume(self) -> None:
        """Every rank reads the checkpoint itself: all must know the state, not the weights alone."""
        shapes = {name: tuple(variable.shape) for name, variable in self._variables.items()}
        found = read_newest_checkpoint(self._plan.checkpoints, shapes)
        steps = 0 if found is None else found.state.steps
        if int(self._ranks.sum_counts(np.array([steps], np.int64))[0]) != steps * self._ranks.size:
            raise BusyError(
                "the ranks found different checkpoints: a node does not see yet what another wrote; run the job again"
            )
        if found is None:
            return
        self._state, self._best, self._curve = found.state, found.best, found.curve
        self._rank_losses.resume(found.state.rank_sums)
        for name, variable in self._variables.items():
            variable.assign(found.arrays[name])
        get_logger().info("training resumed", step=steps, total=self._total_steps)

    @contextmanager
    def _learning_curve(self) -> Iterator[LearningCurve]:
        if self._ranks.rank:
            yield NoLearningCurve()
            return
        folder = self._plan.train.tensorboard
        with write_learning_curve(self._plan.curve, self._total_steps, self._curve) as curve:
            if folder is None:
                yield curve
                return
            with also_for_tensorboard(curve, folder / self._plan.model_version) as both:
                yield both

    def _timed(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, with the time that they take to come and to be worked on added up."""
        source = iter(batches)
        while True:
            asked = time.perf_counter()
            batch = next(source, None)
            came = time.perf_counter()
            self._waited += came - asked
            if batch is None:
                return
            yield batch
            self._worked += time.perf_counter() - came
