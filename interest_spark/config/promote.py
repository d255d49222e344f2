"""The section `promote` of the configuration."""

from typing import Annotated

from pydantic import AfterValidator

from interest_spark.config.names import choice_of, known_name
from interest_spark.config.section import Section, Share
from interest_spark.metrics.metric import METRICS


def _known_metric(name: str) -> str:
    return known_name("metric", name, METRICS)


class PromoteConfig(Section):
    """When a newer model takes the champion's place, and with it serves.

    By `metric` it must gain more than `gain`, and by each of the `guards` lose no more than `tolerance`, both shares of
    the champion's own figure, and both as the paired 95 % interval has it, not the figure alone.
    """

    metric: Annotated[str, AfterValidator(_known_metric)] = "ndcg"
    guards: Annotated[tuple[str, ...], AfterValidator(choice_of("metric", METRICS))] = ("recall",)
    gain: Share = 0.01
    tolerance: Share = 0.01

    @property
    def metrics(self) -> tuple[str, ...]:
        """All that models are compared by, the one that decides first."""
        return tuple(dict.fromkeys((self.metric, *self.guards)))
