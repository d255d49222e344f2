"""A process that commits and commits until it is killed: `python -m tests.committing_writer ROOT NAME`.

Each commit replaces both DAYS with the same new rank, so that a reader who sees two ranks has seen half a commit. It
prints a line right before each commit.
"""

import sys
from itertools import count

from interest_spark.storage.commit import commit
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.small_tables import stage_rows

TABLE = "popularity"
DAYS = (Slice("2026-01-01"), Slice("2026-01-02"))


def main(root: str, name: str) -> None:
    for number in count():
        base = Warehouse(root).open(TABLE)
        rows = [{"item_id": f"{name}-{number}", "rank": number}]
        staged = stage_rows(base, f"{name}-{number}", dict.fromkeys(DAYS, rows))
        print("commit", flush=True)
        commit(staged, base)
        print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
