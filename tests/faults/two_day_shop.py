"""A small shop whose first days are committed: copies of its warehouse are what the faults of the next day meet."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from click.testing import CliRunner, Result

from interest_spark.sources.synthetic import ShopPlan, generate_shop
from interest_spark.storage.warehouse import Warehouse
from jobs.cli import command
from tests.warehouse_contents import Contents, contents

COMMITTED_DAY, DAY = "2026-01-02", "2026-01-03"
JOBS = ("ingest", "sequences", "score")
"""What is run for DAY, in order; score takes the model of the day before."""

_KEYS = {
    "sources": {kind: {"path": f"{kind}/dt={{day}}/*.jsonl*"} for kind in ("events", "items", "users")},
    "ingest": {"catch_up_days": 7},
    "sequences": {"max_length": 17},
    "blocks": {"tokens": 16, "files": 1},
    "train": {"ranks": 1, "launcher": "local", "epochs": 1, "network": {"dim": 8, "layers": 1, "feed_forward": 8}},
    "score": {"k": 5},
    "spark": {"shuffle_partitions": 2},
}


@dataclass(frozen=True)
class Shop:
    """A warehouse and the configuration that names it."""

    config: Path
    warehouse: Warehouse

    def run(self, job: str, day: str = DAY) -> Result:
        """The job in this process, on the tests' Spark session."""
        return CliRunner().invoke(command, [job, "--config", str(self.config), "--day", day])

    def finish(self, job: str, day: str = DAY) -> None:
        done = self.run(job, day)
        assert done.exit_code == 0, (done.stderr[-3000:], done.exception)

    def copy_to(self, folder: Path) -> "Shop":
        """The same shop with a copy of the warehouse below `folder`."""
        shutil.copytree(self.warehouse.root, folder / "warehouse")
        keys = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        return _shop(self.config.with_name(f"{folder.name}.yaml"), {**keys, "warehouse": str(folder / "warehouse")})


def committed_shop(root: Path) -> Shop:
    """Generate the shop and run its first days, a model included."""
    generate_shop(ShopPlan(users=60, items=40, days=3, seed=5), root / "shop")
    keys = {**_KEYS, "warehouse": str(root / "warehouse")}
    keys["sources"] = {"root": str(root / "shop"), **_KEYS["sources"]}
    shop = _shop(root / "committed.yaml", keys)
    for job in ("ingest", "sequences", "train", "score"):
        shop.finish(job, COMMITTED_DAY)
    return shop


def undisturbed_contents(shop: Shop, folder: Path) -> dict[str, Contents]:
    """The contents of a copy of the warehouse after each of JOBS, when nothing fails."""
    copy, after = shop.copy_to(folder), {}
    for job in JOBS:
        copy.finish(job)
        after[job] = contents(copy.warehouse)
    return after


def _shop(config: Path, keys: dict[str, object]) -> Shop:
    config.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return Shop(config, Warehouse(str(keys["warehouse"])))
