"""What a network gains by the factors of a matrix factorisation where users come again for what they know.

python -m tests.bench.bench_hybrid_retail --folder build/bench/hybrid [--kind two_towers] [--seeds 3] [--set key=value]…

The network, the factorisation and both together are compared by `interest compare` on the days of Online Retail that
bench_evaluate_public judges by. Loss and epochs were chosen by the month before these days.
The folder keeps the warehouse: started again, it goes on where it was interrupted.
"""

import argparse
from pathlib import Path
from typing import Any

import yaml

from interest_spark.config.file import load_config
from interest_spark.storage.warehouse import Warehouse
from tests.bench.bench_hybrid import ALS, FACTORS, HYBRID, NETWORK
from tests.bench.bench_tune import DAY, run, write_configuration
from tests.bench.reports import figure, report

NAMES = (HYBRID, NETWORK, ALS)
METRIC = "ndcg@10"
CHOSEN = (
    "train.network.unit_vectors=true",
    "train.loss.kind=infonce",
    "train.loss.temperature=0.12",
    "train.epochs=16",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kind", default="two_towers")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    options = parser.parse_args()
    config = write_configuration(options.folder.absolute(), [*CHOSEN, *options.overrides])
    network = with_variants(config, options.kind)
    run("ingest", config)
    run("compare", config, "--models", ",".join(NAMES), "--seeds", str(options.seeds))
    name = "+".join(NAMES) + (f"-{options.seeds}-seeds" if options.seeds > 1 else "")
    rows = Warehouse(load_config(config).warehouse).read_small("comparisons", day=DAY, name=name).to_pylist()
    found = {row["model"]: row for row in rows if row["metric"] == METRIC}
    report(
        "hybrid_retail",
        f"online_retail, {options.kind}",
        [figure(f"{METRIC}, {each}", "", [found[each]["value"]]) for each in NAMES],
        network=network,
        # of the hybrid to each parent: the table has it the other way round
        differences={each: [-found[each][key] for key in _DIFFERENCE] for each in (NETWORK, ALS)},
        deviation_of_seeds={each: found[each]["seed_deviation"] for each in NAMES},
        seconds={each: found[each]["train_seconds"] for each in NAMES},
        users=found[HYBRID]["users"],
    )


_DIFFERENCE = ("difference", "difference_high", "difference_low")


def with_variants(config: Path, kind: str) -> dict[str, Any]:
    """Name the network and its hybrid in the section `compare.models`; returns the keys of the network."""
    keys = yaml.safe_load(config.read_text(encoding="utf-8"))
    network: dict[str, Any] = {**keys["train"].get("network", {}), "kind": kind}
    hybrid = {**network, "content": {"als": FACTORS}, "user_content": True}
    keys["compare"] = {"models": {NETWORK: {"train.network": network}, HYBRID: {"train.network": hybrid}}}
    config.write_text(yaml.safe_dump(keys), encoding="utf-8")
    load_config(config)
    return network


if __name__ == "__main__":
    main()
