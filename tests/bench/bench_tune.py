"""Whether tuning pays: Online Retail's configuration after 20 trials against itself before, on days no trial has seen.

python -m tests.bench.bench_tune --folder build/bench/tune [--trials 20] [--seeds 3] [--set key=value]…

The folder keeps the warehouse, the study and the models: started again, it goes on where it was interrupted. A model of
each of the two configurations is trained for each seed, and both are judged for the same users by the days after the
cutoff; the interval of a seed's difference is paired over users.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from interest_spark.config.file import load_config
from interest_spark.storage.warehouse import Warehouse
from tests.bench.bench_evaluate_public import SETS
from tests.bench.reports import figure, report, say
from tests.bench.training_world import DATA, ROOT

CONFIG, FOLDER, DAY, HORIZON_DAYS = SETS["online_retail"]
DEFAULT, BEST = "default", "best"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    options = parser.parse_args()
    config = write_configuration(options.folder.absolute(), options.overrides)
    run("ingest", config)
    study = options.folder.absolute() / "study"
    tuned = run("tune", config, "--folder", str(study), "--trials", str(options.trials))
    rows = [compare(config, study / "best.yaml", seed) for seed in range(options.seeds)]
    figures = [
        figure("NDCG@10 as configured", "", [row[DEFAULT]["value"] for row in rows]),
        figure("NDCG@10 after tuning", "", [row[BEST]["value"] for row in rows]),
        figure("difference, paired", "", [row[BEST]["difference"] for row in rows]),
        figure("lower end of its 95 % interval", "", [row[BEST]["difference_low"] for row in rows]),
        figure("upper end of its 95 % interval", "", [row[BEST]["difference_high"] for row in rows]),
    ]
    users = [row[BEST]["users"] for row in rows]
    report("tune", "online_retail", figures, users=users, tuning=tuned["tuning"], tuning_seconds=tuned["seconds"])


def write_configuration(folder: Path, overrides: Sequence[str]) -> Path:
    """The repository's own, with data and warehouse of this benchmark, judged by the days that SETS names."""
    keys = yaml.safe_load((ROOT / "conf" / CONFIG).read_text(encoding="utf-8"))
    keys["warehouse"] = str(folder / "warehouse")
    keys["sources"]["root"] = str(DATA / FOLDER)
    keys["evaluate"]["horizon_days"] = HORIZON_DAYS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "online_retail.yaml"
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    load_config(path, overrides)
    for override in overrides:
        key, _, value = override.partition("=")
        *parents, leaf = key.split(".")
        section = keys
        for parent in parents:
            section = section.setdefault(parent, {})
        section[leaf] = yaml.safe_load(value)
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return path


def compare(config: Path, best: Path, seed: int) -> dict[str, dict[str, Any]]:
    """The rows of NDCG@10 by configuration, both trained with this seed."""
    files = []
    for name, source in ((DEFAULT, config), (BEST, best)):
        keys = yaml.safe_load(source.read_text(encoding="utf-8"))
        keys["train"]["seed"] = seed
        files.append(config.with_name(f"{name}-{seed}.yaml"))
        files[-1].write_text(yaml.safe_dump(keys), encoding="utf-8")
    run("compare", config, "--models", ",".join(map(str, files)))
    names = "+".join(file.stem for file in files)
    rows = Warehouse(load_config(config).warehouse).read_small("comparisons", day=DAY, name=names).to_pylist()
    return {row["model"].partition("-")[0]: row for row in rows if row["metric"] == "ndcg@10"}


def run(job: str, config: Path, *options: str) -> dict[str, Any]:
    """A job's report; the job does nothing where its result is there."""
    say(f"{time.strftime('%H:%M:%S')} {job} {' '.join(options)}")
    command = [sys.executable, "-m", "jobs.cli", job, "--config", str(config), "--day", DAY, *options]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
