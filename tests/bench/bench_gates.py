"""How many faults the ingest gate blocks, and how many clean days it stops, over many generated shops.

python tests/bench/bench_gates.py [users] [seeds] [days]
"""

import json
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

from interest_spark.config.gates import GatesConfig
from interest_spark.sources.synthetic import ShopPlan
from tests.gate_faults import FAULTS
from tests.gate_world import Trial, World, try_gate

_SALES = {"2026-11-11": "sale", "2026-12-12": "sale"}


def main() -> None:
    given = [int(text) for text in sys.argv[1:]]
    users, seeds, days = (given + [3_000, 10, 74][len(given) :])[:3]
    started, trials = time.monotonic(), [_trial(users, seed, days) for seed in range(100, 100 + seeds)]
    missed = Counter(fault.name for trial in trials for fault in FAULTS if not fault.is_named(trial.faults[fault.name]))
    report = {
        "bench": "gates",
        "users": users,
        "shops": seeds,
        "judged_days": sum(trial.judged_days for trial in trials),
        "false_alarms": sum(len(trial.alarms) for trial in trials),
        "alarms": [trial.alarms for trial in trials if trial.alarms],
        "faults": seeds * len(FAULTS),
        "missed": dict(missed),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(report))


def _trial(users: int, seed: int, days: int) -> Trial:
    plan = ShopPlan(users=users, items=max(users // 3, 100), days=days, seed=seed, first_day=date(2026, 10, 12))
    settings = GatesConfig.model_validate({"expected_days": _SALES, "least_events": 0})
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "shop", plan, settings)
        return try_gate(world, {fault.name: fault.spoil for fault in FAULTS}, seed)


if __name__ == "__main__":
    main()
