"""`interest synth`: generate a shop with a known truth."""

import time
from pathlib import Path

import click

from interest_spark.foundation.dates import parse_day
from interest_spark.foundation.streams import print_report
from interest_spark.pipeline.command import main, with_exit_code
from interest_spark.sources.synthetic import ShopPlan, generate_shop


@click.command(name="synth", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--users", default=2_000, show_default=True, help="Users delivered by the last day.")
@click.option("--items", default=1_000, show_default=True, help="Items delivered by the last day.")
@click.option("--days", default=30, show_default=True, help="Days of deliveries.")
@click.option("--seed", default=0, show_default=True, help="Equal seeds and sizes give equal bytes.")
@click.option("--first-day", default="2026-01-01", show_default=True, help="The first delivery, YYYY-MM-DD.")
@click.option("--campaigns", default=0, show_default=True, help="Days between two campaigns of coupons; 0: none.")
@click.option("--out", required=True, help="A new or empty folder.")
def command(users: int, items: int, days: int, seed: int, first_day: str, campaigns: int, out: str) -> None:
    """Generate a synthetic shop: raw deliveries a day, and beside them the truth that was planted in them."""
    with_exit_code(lambda: _generate(ShopPlan(users, items, days, seed, parse_day(first_day), campaigns), Path(out)))


def _generate(plan: ShopPlan, out: Path) -> None:
    started = time.monotonic()
    shop = generate_shop(plan, out)
    report = {
        "job": "synth",
        "status": "done" if shop.created else "nothing_to_do",
        "seconds": round(time.monotonic() - started, 3),
        "out": str(shop.path),
        **plan.as_json(),
        "content_hash": shop.content_hash,
        "rows": dict(shop.counts),
    }
    print_report(report)


if __name__ == "__main__":
    main(command)
