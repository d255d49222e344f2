"""Every command of README.md, in its order, as a reader would type it, in a fresh copy of the repository.

The files that README.md shows are saved first, under the names that it gives. Nothing is installed: the copy's
`.venv` is made of links, and `make test`, which would start this test again, is only asked for its recipe. What a
newcomer types, the daily run and both shops of their own, is tested every time, all else before a release.
"""

import importlib.util
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from interest_spark.platform.java import ensure_java
from interest_spark.storage.warehouse import Warehouse
from tests.checkout import copy_checkout, mark_installed, plain_environment
from tests.public_samples import write_public_samples
from tests.readme import README, Block, commands, files
from tests.standalone_cluster import SPARK_HOME, Cluster, standalone_cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

TEXT = README.read_text(encoding="utf-8")
COMMANDS = commands(TEXT)
BLOCK_SECONDS = 900
FIRST_STEPS = next(number for number, block in enumerate(COMMANDS) if "interest backfill" in block.text)
# The block on clusters trains with two ranks whatever RANKS says, and is left out where Horovod could not be built.
RANKS_BLOCK = next(number for number, block in enumerate(COMMANDS) if "train.ranks=2" in block.text)
needs_horovod = pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed")
# The generated shop of `make run`, made small; its last day is README.md's.
SMALL = {"USERS": "150", "ITEMS": "120", "DAYS": "9", "FIRST_DAY": "2026-01-22"}
DAY = "2026-01-30"


@dataclass
class Reader:
    """Somebody who types block after block into one shell: variables and folder last from block to block."""

    checkout: Path
    environment: dict[str, str]
    cluster: Cluster
    done: list[subprocess.CompletedProcess[str]] = field(default_factory=list)

    def outcome(self, number: int) -> subprocess.CompletedProcess[str]:
        """What came of a block; those before it are typed first."""
        while len(self.done) <= number:
            self.done.append(self._type(COMMANDS[len(self.done)]))
        return self.done[number]

    def _type(self, block: Block) -> subprocess.CompletedProcess[str]:
        state = self.checkout.parent / "state.sh"
        before = state.read_text(encoding="utf-8") if state.exists() else ""
        # All variables are exported (set -a), so that the environment is the whole state but for the folder.
        after = f"{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {state}"
        text = re.sub(r"^make test$", "make -n test", block.text, flags=re.MULTILINE)
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"set -a\n{before}\n{text}\n{after}"],
            cwd=self.checkout,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=BLOCK_SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    ensure_java()
    folder = tmp_path_factory.mktemp("readme")
    checkout = copy_checkout(folder / "interest_spark")
    write_public_samples(checkout / "data")
    for block in files(TEXT):
        path = checkout / str(block.title)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    shared = folder / "shared"
    shared.mkdir()
    environment = {**plain_environment(), **SMALL, "RANKS": "1"}
    environment |= {"SHARED": str(shared), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(SPARK_HOME.resolve())}
    mark_installed(checkout, environment)
    with standalone_cluster(folder / "cluster", workers=2) as cluster:
        environment |= {"MASTER": cluster.master, "SPARK_SUBMIT_OPTS": cluster.environment["SPARK_SUBMIT_OPTS"]}
        yield Reader(checkout, environment, cluster)


def numbered_blocks() -> Iterator[Any]:
    for number, block in enumerate(COMMANDS):
        marks = [needs_horovod] if number == RANKS_BLOCK else []
        marks += [pytest.mark.release] if number >= FIRST_STEPS else []
        yield pytest.param(number, id=f"line-{block.line}", marks=marks)


@pytest.mark.parametrize("number", numbered_blocks())
def test_a_block_of_commands_works(reader: Reader, number: int) -> None:
    done = reader.outcome(number)
    tail = f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    logs = reader.cluster.logs() if number == RANKS_BLOCK else ""
    assert done.returncode == 0, f"README.md line {COMMANDS[number].line}:\n{COMMANDS[number].text}\n{tail}\n{logs}"


def read(
    reader: Reader,
    warehouse: str | Path,
    table: str,
    day: str | None = None,
    name: str | None = None,
    blocks: int = len(COMMANDS),
) -> list[dict[str, object]]:
    """The rows of a table after so many blocks."""
    reader.outcome(blocks - 1)
    return Warehouse(reader.checkout / warehouse).read_small(table, day=day, name=name).to_pylist()


def daily_status(reader: Reader, number: int) -> str:
    """The status that the block's one daily run reported."""
    lines = reader.outcome(number).stdout.splitlines()
    (report,) = [json.loads(line) for line in lines if line.startswith('{"job": "daily"')]
    status: str = report["status"]
    return status


@pytest.mark.release
def test_make_run_publishes_suggestions_and_shows_them(reader: Reader) -> None:
    served = read(reader, "run/warehouse", "recommendations", DAY, name="sasrec")  # later blocks try other models
    users = read(reader, "run/warehouse", "sequences", DAY)
    assert len(served) == 10 * len(users) > 0
    assert str(served[0]["item_id"]) in reader.outcome(1).stdout
    again = next(number for number, block in enumerate(COMMANDS) if number and block.text == "make run\n")
    assert [daily_status(reader, number) for number in (0, again)] == ["done", "nothing_to_do"]
    assert "pytest" in reader.outcome(0).stdout


def test_the_json_example_gives_what_the_text_says(reader: Reader) -> None:
    rows = partial(read, reader, "run/my_shop", blocks=FIRST_STEPS)
    events = rows("events", DAY)
    assert sorted((row["user_id"], row["behavior"], row["price"]) for row in events) == [
        ("u1", "cart", 59.9),
        ("u1", "view", 59.9),
        ("用户二", "purchase", 12.0),
    ]
    assert [row["reason"] for row in rows("quarantine")] == ["unknown_behavior"]
    counts = {row["kind"]: row["duplicates"] for row in rows("ingest_ledger")}
    assert counts == {"events": 1, "items": 0}
    items = {row["item_id"]: row for row in rows("items", DAY)}
    assert (items["B-1"]["title"], items["A-7"]["attributes"]) == ("保温杯", [("color", "red")])


def test_the_csv_example_gives_what_the_text_says(reader: Reader) -> None:
    warehouse = Warehouse(reader.checkout / "run/my_orders")
    rows = partial(read, reader, "run/my_orders", blocks=FIRST_STEPS)
    per_day = {day: len(rows("events", day)) for day in warehouse.days("events")}
    assert per_day == {"2026-01-28": 2, "2026-01-29": 1, "2026-01-30": 1}
    assert [row["reason"] for row in rows("quarantine", DAY)] == ["bad_price"]
    titles = {row["item_id"]: row["title"] for row in rows("items", DAY)}
    assert titles == {"6901": "茶叶, 250 克", "6902": "茶杯"}


@needs_horovod
@pytest.mark.release
def test_the_cluster_published_what_it_was_given(reader: Reader) -> None:
    shared = Path(reader.environment["SHARED"]) / "warehouse"
    assert len(read(reader, shared, "recommendations", DAY)) == 10 * len(read(reader, shared, "sequences", DAY)) > 0


@pytest.mark.release
def test_the_public_data_sets_were_read_by_their_rules(reader: Reader) -> None:
    reasons = {row["reason"] for row in read(reader, "run/online_retail", "quarantine")}
    assert reasons == {"missing_user", "service_item"}
    assert {row["behavior"] for row in read(reader, "run/online_retail", "events")} == {"purchase", "return"}
    assert len(read(reader, "run/online_retail", "recommendations", "2011-11-30")) > 0
    assert Counter(row["reason"] for row in read(reader, "run/taobao", "quarantine")) == {"time_out_of_range": 1}
    assert len(read(reader, "run/taobao", "events")) == 800
    films = {row["item_id"]: row["title"] for row in read(reader, "run/movielens", "items")}
    assert films == {"1": 'Toy "Story" (1995)', "2": "Misérables, Les (1995)"}
    assert len(read(reader, "run/movielens", "events")) == 2
    assert [row["title"] for row in read(reader, "run/amazon_reviews", "items")] == ["Card"]
    assert [row["item_id"] for row in read(reader, "run/gowalla", "events")] == ["22847"]


def test_the_commands_ran_the_code_of_the_copy(reader: Reader) -> None:
    where = "import interest_spark, jobs; print(interest_spark.__file__, jobs.__file__)"
    command = [str(reader.checkout / ".venv/bin/python"), "-c", where]
    found = subprocess.run(command, cwd="/", env=reader.environment, capture_output=True, text=True, check=True)
    assert [Path(path).parents[1] for path in found.stdout.split()] == [reader.checkout] * 2
