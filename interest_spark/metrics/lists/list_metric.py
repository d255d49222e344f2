"""Which metrics of lists there are; a further one is a file here and its name."""

from importlib import import_module
from typing import Protocol

from interest_spark.metrics.lists.shown import Floats, ShownLists

OF_USERS = ("novelty", "average_popularity", "diversity", "serendipity", "calibration", "repeat_share")
"""Those with a value for each user, whose mean is the figure."""

OF_EXPOSURE = ("coverage", "gini")
"""Those that follow from how often each item was suggested to anybody."""

LIST_METRICS = (*OF_EXPOSURE, *OF_USERS)


class ListMetric(Protocol):
    """One value for each of n lists, NaN where a list has nothing to measure: float64[n]."""

    def __call__(self, shown: ShownLists) -> Floats: ...


class ExposureMetric(Protocol):
    """One value for all lists; `counts`, float64[V], says how often each item of the catalogue is in one."""

    def __call__(self, counts: Floats) -> float: ...


def list_metric_named(name: str) -> ListMetric:
    """The metric, which is one of OF_USERS."""
    metric: ListMetric = getattr(import_module(f"interest_spark.metrics.lists.{name}"), name)
    return metric


def exposure_metric_named(name: str) -> ExposureMetric:
    """The metric, which is one of OF_EXPOSURE."""
    metric: ExposureMetric = getattr(import_module(f"interest_spark.metrics.lists.{name}"), name)
    return metric
