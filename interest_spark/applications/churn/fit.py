"""A churn model from the features of past cut-off days: prepared, learnt and judged in Spark tasks.

Training cut-offs lie so long before the validation cut-off that their labels were known on it; what is judged has no
part in what is learnt. Of the users of the validation cut-off one half calibrates, the other half judges.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from interest_spark.applications.churn.bgnbd import BgNbd, fit_bgnbd
from interest_spark.applications.churn.calibration import fit_calibration
from interest_spark.applications.churn.design import Design, fit_design
from interest_spark.applications.churn.judged import Figures, figures_of, tenths, threshold_for
from interest_spark.applications.churn.labels import LabelRules, at_risk, labelled, purchases_of, with_history
from interest_spark.applications.churn.learners import LABEL, WEIGHT, Growth, Learnt, fit_logistic, grow_trees
from interest_spark.applications.churn.model import ChurnModel
from interest_spark.applications.churn.resampling import refuse_resampled, resample
from interest_spark.applications.keys import shares, user_keys
from interest_spark.features.customers.carried import DAYS
from interest_spark.features.customers.features import FEATURE_TABLE
from interest_spark.platform.python_worker import settled
from interest_spark.platform.tasks import each_in_a_task
from interest_spark.storage.buckets import Bucket, read_bucket
from interest_spark.storage.file_stores import local_copy
from interest_spark.storage.parts import write_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TRAINING, VALIDATION = "training", "validation"
LEAST_ROWS = 20
"""Of each label, in training and in either half of validation: with fewer nothing can be learnt or told."""

_SAMPLE, _HALF = "churn sample", "churn half"
"""Salts of what is told by users' keys: one of these says nothing of the other."""


class TooFewRowsError(Exception):
    """There is too little to learn from; the text says what."""


@dataclass(frozen=True)
class Cutoff:
    """The features of a day, and whether they are learnt from or judged by."""

    day: date
    files: tuple[str, ...]
    role: str


@dataclass(frozen=True)
class FitPlan:
    """What is learnt from and how. `days`: files of `customer_days` as of a day on which all labels are known.

    `history_days`: over how many days repeats are counted, 0: what features say of them is all there is.
    `share`: which part of users is looked at. `folder`: where tasks leave what other tasks of the run read.
    """

    version: str
    rules: LabelRules
    cutoffs: Sequence[Cutoff]
    days: tuple[str, ...]
    buckets: int
    history_days: int
    share: float
    folder: str
    learner: str
    imbalance: str
    calibration: str
    recall: float
    growth: Growth

    def prepare(self, number: int) -> Iterator[tuple[str, str]]:
        """Writes a bucket's labelled rows of each cut-off; gives the role and the path."""
        bucket = Bucket(number, self.buckets)
        wanted = ["user_id", "event_day", self.rules.of.column]
        days = pl.DataFrame(read_bucket(DAYS, self.days, bucket)).select(wanted)
        for cutoff in self.cutoffs:
            features = pl.DataFrame(read_bucket(FEATURE_TABLE, cutoff.files, bucket)).drop("dt", strict=False)
            rows = at_risk(self._sampled(features), self.rules)
            if self.history_days:
                rows = with_history(rows, days, cutoff.day, self.history_days, self.rules.of)
            if len(rows):
                found = labelled(rows, days, cutoff.day, self.rules).with_columns(cutoff=pl.lit(cutoff.day))
                yield cutoff.role, write_rows(self.folder, found)

    def _sampled(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self.share >= 1:
            return rows
        return rows.filter(pl.Series(shares(user_keys(rows["user_id"], _SAMPLE)) < self.share, dtype=pl.Boolean))


@dataclass(frozen=True)
class TrainingSet:
    """What the learner reads: a file for each worker, and how rows became its numbers."""

    files: Sequence[str]
    design: Mapping[str, Any]
    rows: int
    churners: int
    resampled: int


@dataclass(frozen=True)
class Judged:
    """What was told by the validation cut-off: calibration and threshold by one half of users, figures by the other.

    `foretold` and `came_true`: of each tenth of the judged rows by probability, its mean and the share of churners.
    """

    calibration: Any
    threshold: float
    figures: Figures
    foretold: Sequence[float]
    came_true: Sequence[float]


@dataclass(frozen=True)
class Fitted:
    """A model and how good it is."""

    model: ChurnModel
    training: TrainingSet
    judged: Judged


def fit_churn(spark: "SparkSession", plan: FitPlan) -> Fitted:
    """The whole of it. Raises TooFewRowsError where there is too little to learn from."""
    prepared = each_in_a_task(spark, range(plan.buckets), plan.prepare)
    files = {role: sorted(path for of, path in prepared if of == role) for role in (TRAINING, VALIDATION)}
    (training,) = each_in_a_task(spark, [files[TRAINING]], partial(_training_set, plan))
    if isinstance(training, str):
        raise TooFewRowsError(training)
    design = Design.from_json(training.design)
    learnt = learn(training_rows(spark, training.files, design), design, plan)
    unjudged = ChurnModel(
        plan.version, plan.rules, design, learnt, fit_calibration("platt", *_NONE), 1.0, plan.history_days
    )
    path = write_rows(plan.folder, pl.DataFrame({"model": [unjudged.to_text()]}))
    (judged,) = each_in_a_task(spark, [files[VALIDATION]], partial(_judged, plan, path))
    if isinstance(judged, str):
        raise TooFewRowsError(judged)
    model = replace(unjudged, calibration=judged.calibration, threshold=judged.threshold)
    return Fitted(model, training, judged)


_NONE = (np.zeros(2), np.array([True, False]))


def learn(rows: "DataFrame", design: Design, plan: FitPlan) -> Learnt:
    """The learner that the plan names, of rows that `training_rows` gives."""
    columns = [f"c{place}" for place in range(len(design.names))]
    return fit_logistic(rows, columns) if plan.learner == "logistic" else grow_trees(rows, columns, plan.growth)


def training_rows(spark: "SparkSession", files: Sequence[str], design: Design) -> "DataFrame":
    """Columns `c0`, `c1`, …, label and weight, a file a partition, in the order in which they were written."""
    names = [*(f"c{place}" for place in range(len(design.names))), LABEL, WEIGHT]
    schema = ", ".join(f"{name} float" for name in names)

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch["id"].to_pylist():
                with local_copy(files[number]) as copy:
                    yield from pl.read_parquet(copy).to_arrow().to_batches(max_chunksize=10_000)

    return spark.range(0, len(files), 1, len(files)).mapInArrow(settled(read), schema)


def read_all(files: Sequence[str]) -> pl.DataFrame:
    """All rows of files that tasks have left, in the order of cut-offs and users."""
    parts = []
    for file in files:
        with local_copy(file) as copy:
            parts.append(pl.read_parquet(copy))
    return pl.concat(parts).sort("cutoff", "user_id") if parts else pl.DataFrame()


def _training_set(plan: FitPlan, files: Sequence[str]) -> Iterator[TrainingSet | str]:
    rows = read_all(files)
    lacking = _lacking(rows, "the training cut-offs")
    yield lacking if lacking else make_training_set(plan, rows)


def make_training_set(plan: FitPlan, rows: pl.DataFrame) -> TrainingSet:
    """Learns how rows become numbers, resamples, and writes what the learner reads."""
    design = fit_design(
        rows,
        bgnbd_of(rows, plan.rules),
        plan.rules.of,
        gap_days=plan.rules.gap_days,
        definition=plan.rules.definition,
        horizon_days=plan.rules.horizon_days,
    )
    coded, churned = design.coded(rows), rows["churned"].to_numpy()
    made = resample(coded, churned, plan.imbalance, design.categorical, plan.growth.seed)
    values = design.expanded(made.values)
    columns = {f"c{place}": values[:, place] for place in range(values.shape[1])}
    marks = {LABEL: made.churned.astype(np.float32), WEIGHT: made.weight.astype(np.float32)}
    frame = pl.DataFrame({**columns, **marks})
    workers = plan.growth.workers if plan.learner == "trees" else 1
    parts = [write_rows(plan.folder, frame.gather_every(workers, place)) for place in range(workers)]
    return TrainingSet(parts, design.as_json(), len(rows), int(churned.sum()), int(made.resampled.sum()))


def bgnbd_of(rows: pl.DataFrame, rules: LabelRules) -> BgNbd | None:
    """Fitted to everybody of the newest cut-off; None where nobody came twice."""
    newest = rows.filter(pl.col("cutoff") == rows["cutoff"].max())
    try:
        return fit_bgnbd(purchases_of(newest, rules.of))
    except ValueError:
        return None


def _judged(plan: FitPlan, model_file: str, files: Sequence[str]) -> Iterator[Judged | str]:
    from interest_spark.applications.churn.model import model_of

    rows = read_all(files)
    lacking = _lacking(rows, "the validation cut-off")
    if lacking:
        yield lacking
        return
    with local_copy(model_file) as copy:
        model = model_of(pl.read_parquet(copy)["model"][0])
    yield judge(plan, model, rows)


def judge(plan: FitPlan, model: ChurnModel, rows: pl.DataFrame) -> Judged:
    """Calibrate by one half of users, judge by the other. Raises BadDataError, by name, for resampled rows."""
    refuse_resampled(rows, f"validation of churn model {plan.version}")
    calibrates = halves(rows)
    score, churned = model.scores(rows)[1], rows["churned"].to_numpy()
    calibration = fit_calibration(plan.calibration, score[calibrates], churned[calibrates])
    probability = calibration.probability(score)
    threshold = threshold_for(probability[calibrates], churned[calibrates], plan.recall)
    judging = ~calibrates
    found = figures_of(
        probability[judging],
        churned[judging],
        model.design.baseline(rows)[judging],
        user_keys(rows["user_id"], _SAMPLE)[judging],
        probability[judging] >= threshold,
    )
    return Judged(calibration, threshold, found, *tenths(probability[judging], churned[judging]))


def halves(rows: pl.DataFrame) -> NDArray[np.bool_]:
    """Which users calibrate; the others judge."""
    return user_keys(rows["user_id"], _HALF) % 2 == 0


def _lacking(rows: pl.DataFrame, where: str) -> str | None:
    """Why there is too little to go by, or None."""
    if not len(rows):
        return f"nobody was at risk on {where}"
    churners = int(rows["churned"].sum())
    counts = {"churned": churners, "stayed": len(rows) - churners}
    for what, count in counts.items():
        if count < LEAST_ROWS:
            return f"of {len(rows)} users on {where} {count} {what}, and at least {LEAST_ROWS} are needed to learn from"
    return None
