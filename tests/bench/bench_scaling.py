"""What share of the machine's matrix-product peak training reaches, and what a second rank adds.

python -m tests.bench.bench_scaling [--data ml-1m] [--steps 40] [--repeats 3]

Ranks have one thread each. The model's work is counted on valid targets only, so padding counts as lost time.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from interest_spark.config.training.networks import SasRecConfig
from tests.bench.reports import figure, report, say
from tests.bench.sgemm import measure_peak
from tests.bench.training_world import (
    DATA_SETS,
    NETWORK,
    DataSet,
    ranks_of_one_thread,
    read_data_set,
    train,
    training_plan,
)

RANKS = (2, 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", choices=DATA_SETS, default="ml-1m")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    data = read_data_set(options.data)
    rates: dict[int, list[float]] = {ranks: [] for ranks in RANKS}
    peaks = []
    for repeat in range(options.repeats):
        peaks.append(measure_peak(threads=max(RANKS)))
        for ranks in RANKS:
            rates[ranks].append(measure_rate(data, ranks, options.steps))
        say(f"round {repeat + 1}: peak {peaks[-1]} GFLOP/s, targets/s {[round(rates[ranks][-1]) for ranks in RANKS]}")
    work = flops_per_target(NETWORK, data.tokens, data.items)
    reached = [rate * work / 1e9 for rate in rates[2]]
    report(
        "scaling",
        data.name,
        [
            figure("matrix product, 2 threads", "GFLOP/s", peaks, 1),
            figure("training, 2 ranks", "GFLOP/s", reached, 1),
            figure("training, 2 ranks", "share of the best product", [rate / max(peaks) for rate in reached]),
            figure("training, 2 ranks", "targets/s", rates[2], 0),
            figure("training, 1 rank", "targets/s", rates[1], 0),
            figure("2 ranks to 1 rank", "ratio", np.divide(rates[2], rates[1])),
        ],
        flops_per_target=work,
    )


def measure_rate(data: DataSet, ranks: int, steps: int) -> float:
    """Targets a second over all ranks, after the warm-up."""
    settings = {**ranks_of_one_thread(ranks), "batch_blocks": data.batch_blocks, "epochs": steps, "max_steps": steps}
    with tempfile.TemporaryDirectory() as folder:
        run, _ = train(training_plan(Path(folder), data.training, data.tokens, **settings))
    return run.targets_per_second


def flops_per_target(network: SasRecConfig, tokens: int, items: int) -> int:
    """Multiplications and additions of a step's matrix products for each target.

    Forward 8 d² + 4 d h + 4 T d a layer (projections, feed-forward, attention over the block) and 2 d V for the
    output, backward twice as much.
    """
    layer = 8 * network.dim**2 + 4 * network.dim * network.feed_forward + 4 * tokens * network.dim
    return 3 * (network.layers * layer + 2 * network.dim * items)


if __name__ == "__main__":
    main()
