"""One Markdown table of what the benchmarks reported: python -m tests.bench.table build/bench/*.json."""

import json
import sys
from pathlib import Path
from typing import Any

HEADING = ("benchmark", "data", "figure", "unit", "median", "mean", "lowest", "highest", "runs")


def main() -> None:
    reports = [json.loads(Path(path).read_text(encoding="utf-8").splitlines()[-1]) for path in sys.argv[1:]]
    print(line(HEADING))
    print(line(["---"] * len(HEADING)))
    for each in reports:
        for row in each["figures"]:
            print(line([each["bench"], each["data"], *row.values()]))
    for machine in sorted({describe(each["machine"]) for each in reports}):
        print(f"\nMachine: {machine}")


def line(cells: Any) -> str:
    """One row.

    >>> line(["scaling", 1.5])
    '| scaling | 1.5 |'
    """
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def describe(machine: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in machine.items() if name != "load_1_min")


if __name__ == "__main__":
    main()
