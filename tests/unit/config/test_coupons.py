"""The section `coupons`: what cannot be meant is refused with what to write."""

from typing import Any

import pytest
from pydantic import ValidationError

from interest_spark.config.coupons import CouponsConfig
from interest_spark.config.deployment import Config
from interest_spark.models.uplift.learner import LEARNERS

COUPONS: dict[str, Any] = {"costs": {"ten_off": 2.0}, "budget": 100.0}


def config(coupons: dict[str, Any], **sections: Any) -> Config:
    given = {"warehouse": "w", "sources": {"events": {"path": "x"}}, "profiles": {}, **sections}
    return Config.model_validate({**given, "coupons": {**COUPONS, **coupons}})


@pytest.mark.parametrize(
    ("coupons", "sections", "message"),
    [
        ({"control": "ten_off"}, {}, "is the arm that gets nothing"),
        ({"window_days": 30, "history_days": 30}, {}, "must be below history_days 30"),
        ({"history_days": 181}, {}, "exceeds profiles.window_days 180"),
        ({}, {"profiles": None}, "add the section `profiles: {}`"),
        ({"costs": {}}, {}, "costs"),
        ({"costs": {"ten_off": 0}}, {}, "costs"),
        ({"budget": -1}, {}, "budget"),
        ({"held_out": 1.0}, {}, "held_out"),
        ({"learner": "guess"}, {}, "learner"),
        ({"bugdet": 1}, {}, "bugdet"),
    ],
)
def test_what_cannot_be_meant_is_refused(coupons: dict[str, Any], sections: dict[str, Any], message: str) -> None:
    assert config({}).coupons is not None
    with pytest.raises(ValidationError, match=message):
        config(coupons, **sections)


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_can_be_configured(name: str) -> None:
    assert CouponsConfig.model_validate({**COUPONS, "learner": name}).learner == name
