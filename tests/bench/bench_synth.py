"""Events a second of the synthetic shop: a million events must take less than 60 s on 2 cores.

python tests/bench/bench_synth.py [users] [days]
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from interest_spark.sources.synthetic import ShopPlan, generate_shop

USERS, DAYS, LIMIT_SECONDS = 20_000, 30, 60.0


def main() -> None:
    users, days = (int(text) for text in (*sys.argv[1:], *(str(USERS), str(DAYS))[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        shop = generate_shop(ShopPlan(users, 4_000, days), Path(folder))
        seconds = time.perf_counter() - started
    lines = shop.counts["event_lines"]
    report = {
        "bench": "synth",
        "users": users,
        "days": days,
        "event_lines": lines,
        "seconds": round(seconds, 2),
        "events_per_second": round(lines / seconds),
        "seconds_per_million": round(seconds / lines * 1e6, 2),
        "limit_seconds_per_million": LIMIT_SECONDS,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
