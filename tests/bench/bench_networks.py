"""How fast every network trains, and what share of the machine's matrix-product peak it reaches.

python -m tests.bench.bench_networks [--data ml-1m] [--networks sasrec gru4rec …] [--steps 12] [--repeats 3]

One rank of one thread, the defaults of each network, the full loss. The work is counted on valid targets only, so
padding and everything that is no matrix product count as lost time. The networks take turns, so that a busy minute of
the machine meets each of them; a run's figure is that of its middle step.
"""

import argparse
import tempfile
from pathlib import Path

from interest_spark.config.kinds import sections_by_kind
from interest_spark.config.training.networks import NetworkConfig
from tests.bench.matrix_work import flops_per_target
from tests.bench.reports import figure, report, say
from tests.bench.sgemm import measure_peak
from tests.bench.training_world import DATA_SETS, DataSet, ranks_of_one_thread, read_data_set, train, training_plan

NETWORKS = sections_by_kind(NetworkConfig)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", choices=DATA_SETS, default="ml-1m")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    data = read_data_set(options.data)
    configs: dict[str, NetworkConfig] = {kind: NETWORKS[kind]() for kind in options.networks}
    work = {kind: flops_per_target(config, data.tokens, data.items) for kind, config in configs.items()}
    rates: dict[str, list[float]] = {kind: [] for kind in configs}
    peaks = []
    for _ in range(options.repeats):
        peaks.append(measure_peak(threads=1))
        for kind, config in configs.items():
            rates[kind].append(measure_rate(data, config, options.steps))
            say(f"{kind}: {rates[kind][-1]:.0f} targets/s; peak {peaks[-1]} GFLOP/s")
    shares = {kind: [rate * work[kind] / 1e9 / max(peaks) for rate in each] for kind, each in rates.items()}
    report(
        "networks",
        data.name,
        [
            figure("matrix product, 1 thread", "GFLOP/s", peaks, 1),
            *(figure(kind, "targets/s", each, 0) for kind, each in rates.items()),
            *(figure(kind, "share of the best product", each) for kind, each in shares.items()),
        ],
        flops_per_target=work,
    )


def measure_rate(data: DataSet, network: NetworkConfig, steps: int) -> float:
    """Targets a second of the middle step after the warm-up."""
    settings = {**ranks_of_one_thread(1), "batch_blocks": data.batch_blocks, "epochs": steps, "max_steps": steps}
    with tempfile.TemporaryDirectory() as folder:
        plan = training_plan(Path(folder), data.training, data.tokens, network=network, **settings)
        run, _ = train(plan)
    return run.targets_per_second_of_a_step


if __name__ == "__main__":
    main()
