"""How well the daily run finds what was planted in a shop of 20,000 users and 30 days, and how long it takes.

python tests/bench/bench_planted_world.py [users] [days] [key=value …]
"""

import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from tests import planted_world

ROOT = Path(__file__).parents[2]


def main() -> None:
    sizes = [int(text) for text in sys.argv[1:] if text.isdigit()]
    users, days = (sizes + [20_000, 30][len(sizes) :])[:2]
    overrides = [text for text in sys.argv[1:] if "=" in text]
    with tempfile.TemporaryDirectory() as folder:
        shop, root = Path(folder) / "shop", Path(folder) / "warehouse"
        plan = ShopPlan(users=users, items=max(users // 5, 100), days=days, seed=7)
        generated = generate_shop(plan, shop)
        day = (plan.first_day + timedelta(days=days - 1)).isoformat()
        command = [sys.executable, "-m", "jobs.cli", "daily", "--config", "conf/shop.yaml", "--day", day]
        for override in (f"warehouse={root}", f"sources.root={shop}", *overrides):
            command += ["--set", override]
        started = time.monotonic()
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
        warehouse = Warehouse(root)
        report = {
            "bench": "planted_world",
            "users": users,
            "days": days,
            "lines": generated.counts["event_lines"],
            "seconds": round(time.monotonic() - started, 1),
            "faults": planted_world.fault_table(shop, warehouse),
            "lost_lines": planted_world.lost_lines(warehouse),
            "bots": planted_world.bot_figures(shop, warehouse, day),
            "in_planted_top_3": planted_world.interest_shares(shop, warehouse, day),
            "metrics": planted_world.metrics(warehouse, day),
        }
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
