"""Where deliveries are cut is said of events that come by the day, and of nothing else."""

from typing import Any

import pytest
from pydantic import ValidationError

from interest_spark.config.sources import SourcesConfig

EVENTS = {"path": "events/{day}/*"}


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"events": {"path": "all.csv", "delivery_zone": "UTC"}}, "path has no {day}; leave it out"),
        (
            {"events": EVENTS, "items": {"path": "{day}/*", "delivery_zone": "UTC"}},
            "items.delivery_zone has no meaning",
        ),
        ({"events": {**EVENTS, "delivery_zone": "Asia/Shangai"}}, "Asia/Shangai"),
    ],
)
def test_a_delivery_zone_without_a_meaning_is_refused(sources: dict[str, Any], message: str) -> None:
    assert SourcesConfig.model_validate({"events": {**EVENTS, "delivery_zone": "UTC"}}).events.delivery_zone == "UTC"
    with pytest.raises(ValidationError, match=message):
        SourcesConfig.model_validate(sources)
