"""What an event counts for by its behavior, as several sections say it."""

from typing import Annotated

from pydantic import AfterValidator

from interest_spark.schemas.behaviors import BEHAVIORS


def _weights(weights: dict[str, float]) -> dict[str, float]:
    unknown = [behavior for behavior in weights if behavior not in BEHAVIORS]
    if unknown:
        raise ValueError(f"{unknown}: name some of {', '.join(BEHAVIORS)}")
    if weights and (min(weights.values()) < 0 or max(weights.values()) <= 0):
        raise ValueError("a weight is 0 or more, and one of them is more than 0")
    return weights


BehaviorWeights = Annotated[dict[str, float], AfterValidator(_weights)]
"""Weights by behavior: what is not named has none; without any name all behaviors weigh 1."""
