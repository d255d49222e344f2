"""How well uplift and response are foretold on real data: the Hillstrom trial, and Complete Journey's campaigns.

    python -m tests.bench.bench_uplift --hillstrom FOLDER --completejourney FOLDER

Hillstrom: 64,000 customers, randomised. Learners and their settings are chosen by the Qini area of a fifth of the
customers; figures are of held-out ones, three in ten. Complete Journey is not randomised: what is judged is how well
responses to campaigns from September 2017 on are foretold from before each, with settings chosen on campaigns before.
"""

import argparse
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from interest_spark.evaluation.statistics.uplift import Interval
from tests.bench import uplift_completejourney, uplift_hillstrom
from tests.bench.reports import Figure, report, say


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hillstrom", type=Path, required=True, help="Folder of hillstrom.csv.gz.")
    parser.add_argument("--completejourney", type=Path, required=True, help="Folder of campaigns.csv.gz and others.")
    options = parser.parse_args()
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    customers = uplift_hillstrom.read(options.hillstrom / "hillstrom.csv.gz")
    for mail, effect in uplift_hillstrom.profit_effects(customers).items():
        figures.append(_figure(f"{mail}: profit a customer", "$", effect))
    for mail in uplift_hillstrom.MAILS:
        for outcome in uplift_hillstrom.OUTCOMES:
            found = uplift_hillstrom.judged(customers, mail, outcome)
            figures += _figures(f"{mail}, {outcome}", found)
            details[f"{mail}, {outcome}"] = _plain(found)
            say(f"{mail}, {outcome}: {_plain(found)}")
    events, catalogue = uplift_completejourney.purchases(options.completejourney)
    rows = uplift_completejourney.mailed(options.completejourney)
    rows = uplift_completejourney.with_features(rows, events, catalogue)
    found = uplift_completejourney.judged(rows, uplift_completejourney.matrix(rows))
    figures += _figures("response", found)
    report("uplift", "hillstrom, completejourney", figures, **details, response=_plain(found))


def _figures(name: str, found: Mapping[str, Any]) -> list[Figure]:
    return [_figure(f"{name}: {key}", "", each) for key, each in found.items() if isinstance(each, Interval)]


def _figure(name: str, unit: str, found: Interval) -> Figure:
    """`low` and `high` are the bounds of the 95 % interval."""
    value, low, high = (
        float("nan") if each is None else round(each, 5) for each in (found.value, found.low, found.high)
    )
    return Figure(name, unit, value, value, low, high, 1)


def _plain(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: asdict(each) if is_dataclass(each) else each for key, each in found.items()}


if __name__ == "__main__":
    main()
