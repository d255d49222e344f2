"""The baselines by name. A further one is a file with one function of the form of Baseline, and a line here."""

from interest_spark.evaluation.baselines.baseline import Baseline
from interest_spark.evaluation.baselines.own_frequency import own_frequency
from interest_spark.evaluation.baselines.popularity import popularity

BASELINES: dict[str, Baseline] = {
    "popularity": popularity,
    "own_frequency": own_frequency,
}
