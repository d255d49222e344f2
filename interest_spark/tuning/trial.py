"""One trial: a training run of the job's own engine, which publishes nothing and ends early where it has no chance."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError, BusyError
from interest_spark.models.launch.launch import launch
from interest_spark.models.launch.stop import ask_to_stop
from interest_spark.models.training.plan import CURVE, TrainPlan
from interest_spark.pipeline.context import RunContext
from interest_spark.storage.folder_files import delete_folder
from interest_spark.tuning.fold import InnerFold

_LOOK_SECONDS = 0.5

Report = Callable[[int, float], bool]
"""Gets an epoch, from 1, and its NDCG@10; returns whether the trial is to end here."""


@dataclass(frozen=True)
class Trained:
    """What a trial reached: the best epoch's NDCG@10 on what was held out, between 0 and 1."""

    ndcg: float
    best_epoch: int
    parameters: int
    seconds: float


def run_trial(
    context: RunContext, config: Config, fold: InnerFold, name: str, folder: Path, report: Report
) -> Trained | None:
    """Train `config` on the fold; None where `report` ended it.

    `name` follows from what the trial is made of: started again after a kill, it goes on from its checkpoint. Each
    validated epoch is reported once, in order, those of before the kill as well. Raises BusyError where it was stopped
    from outside or lost a rank, and BadDataError where nothing can be learnt or nothing is held out.
    """
    plan = _plan(context, config, fold, name, folder)
    shutil.rmtree(plan.work, ignore_errors=True)  # of an attempt that was killed
    shutil.copytree(fold.packed(config).candidates, plan.candidates)
    epochs = _Epochs(report)
    result = None
    try:
        with _followed(plan, epochs):
            result = launch(plan, context.spark if config.train.ranks > 1 else None)
        epochs.take(_read(Path(plan.bundle) / CURVE))
    except BusyError:
        epochs.take(_read(Path(plan.curve)))
        if not epochs.ended:
            raise
    for place in (plan.bundle, plan.checkpoints, plan.work):
        delete_folder(place)
    if epochs.ended or result is None:
        return None
    if result.ndcg is None or result.best_epoch is None:
        raise BadDataError(
            f"nobody with a history did anything in the days held out before the end of {context.dt}: there is nothing "
            "to compare trials by; raise --held-out-days"
        )
    return Trained(result.ndcg, result.best_epoch, result.parameters, result.seconds)


def _plan(context: RunContext, config: Config, fold: InnerFold, name: str, folder: Path) -> TrainPlan:
    return TrainPlan(
        model_version=name,
        trained_through=context.dt,
        files=fold.packed(config).files,
        tokens=config.blocks.tokens,
        columns=config.columns,
        train=config.train,
        exclude_seen=config.score.exclude_seen,
        bundle=folder / name,
        work=folder / f".{name}.work",
    )


class _Epochs:
    """Passes on each epoch of a learning curve once; `ended` once the report said so, whatever comes after that."""

    def __init__(self, report: Report) -> None:
        self._report, self._last, self.ended = report, 0, False

    def take(self, curve: str) -> None:
        """The whole text of the curve so far; its last line may be in the making."""
        for line in curve[: curve.rfind("\n") + 1].splitlines():
            if '"ndcg"' not in line or self.ended:
                continue
            figures = json.loads(line)
            if figures["epoch"] > self._last:
                self.ended = self._report(figures["epoch"], figures["ndcg"])
                self._last = figures["epoch"]  # only now: a report that failed is made again at the end


@contextmanager
def _followed(plan: TrainPlan, epochs: _Epochs) -> Iterator[None]:
    """While the block lasts, look at the curve and ask the ranks to stop once the epochs say so."""
    over = threading.Event()

    def follow() -> None:
        while not over.wait(_LOOK_SECONDS):
            epochs.take(_read(Path(plan.curve)))
            if epochs.ended:
                ask_to_stop(plan.work)
                return

    follower = threading.Thread(target=follow, name="follow-trial", daemon=True)
    follower.start()
    try:
        yield
    finally:
        over.set()
        follower.join()


def _read(curve: Path) -> str:
    with suppress(FileNotFoundError):  # before the first step, and once the run is over
        return curve.read_text(encoding="utf-8")
    return ""
