"""One generated shop for all tests of this folder, read back line by line beside its truth."""

import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import pytest

from interest_spark.sources.synthetic import Shop, ShopPlan, generate_shop
from interest_spark.sources.synthetic.truth import TRUTH_TABLES

PLAN = ShopPlan(users=400, items=300, days=12, seed=7)


@dataclass(frozen=True)
class ShopReading:
    """A shop as a stranger reads it: raw lines, and the truth tables."""

    shop: Shop

    @cached_property
    def truth(self) -> dict[str, pd.DataFrame]:
        return {name: pd.read_parquet(self.shop.path / f"truth/{name}.parquet") for name in TRUTH_TABLES}

    @cached_property
    def lines(self) -> dict[tuple[str, int], bytes]:
        """Every line of the events by file and line number."""
        return {
            (str(path.relative_to(self.shop.path)), number): line
            for path in sorted(self.shop.path.glob("events/*/*"))
            for number, line in enumerate(read_lines(path), start=1)
        }

    def keys(self, table: str) -> set[tuple[str, int]]:
        """The file and line of every row of a truth table."""
        rows = self.truth[table]
        keys = list(zip(rows["source_file"], rows["source_line"], strict=True))
        assert len(keys) == len(set(keys))
        return set(keys)

    @cached_property
    def events(self) -> pd.DataFrame:
        """The good events, without copies: the log's fields and `arrival`, `file`, `line`."""
        special = self.keys("broken_lines") | self.keys("duplicates")
        good = [
            {**json.loads(line), "arrival": file[len("events/dt=") :][:10], "file": file, "line": number}
            for (file, number), line in self.lines.items()
            if (file, number) not in special
        ]
        events = pd.DataFrame(good)
        events = events.reindex(columns=[*events.columns, *({"query", "quantity"} - set(events.columns))])
        events["user_id"], events["item_id"] = events["user_id"].map(str), events["item_id"].map(str)
        return events.assign(time=pd.to_datetime(events["event_time"]))

    def delivered(self, kind: str) -> list[tuple[str, dict[str, object]]]:
        """Day and object of every line of the items or users."""
        files = sorted(self.shop.path.glob(f"{kind}/*/*"))
        return [(path.parent.name[3:], json.loads(line)) for path in files for line in read_lines(path)]


def read_lines(path: Path) -> list[bytes]:
    """The lines of a gzip file; each must end with a newline."""
    *lines, rest = gzip.decompress(path.read_bytes()).split(b"\n")
    assert rest == b""
    return lines


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ShopReading:
    """The shop of PLAN."""
    return ShopReading(generate_shop(PLAN, tmp_path_factory.mktemp("shop") / "out"))
