"""What the tasks read: every line of every file once, with its own number, in the order of the deliveries."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.source import SourceConfig
from interest_spark.sources import pieces as pieces_module
from interest_spark.sources.deliveries import Delivery
from interest_spark.sources.pieces import Piece, tasks_of
from tests.unit.sources.rows import DAY, Row, read_rows


class Here:
    """As much of a SparkContext as is asked for, without Spark."""

    defaultParallelism = 2  # noqa: N815

    def __init__(self, rows: Iterable[Any] = ()) -> None:
        self._rows = list(rows)

    def parallelize(self, rows: Iterable[Any], slices: int) -> "Here":
        return Here(rows)

    def map(self, function: Callable[[Any], Any]) -> "Here":
        return Here(map(function, self._rows))

    def collect(self) -> list[Any]:
        return self._rows


def deliver(path: Path, content: bytes) -> Delivery:
    path.write_bytes(content)
    return Delivery(DAY, str(path), len(content), "")


def pieces_of(delivery: Delivery, piece_bytes: int) -> list[Piece]:
    return pieces_of_source(delivery, piece_bytes, SourceConfig(path=""))


def pieces_of_source(delivery: Delivery, piece_bytes: int, source: SourceConfig) -> list[Piece]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces_module, "_PIECE_BYTES", piece_bytes)
        return [piece for task in tasks_of(Here(), [delivery], [source]) for piece in task]


def rows_of(delivery: Delivery, pieces: list[Piece], source: SourceConfig) -> list[Row]:
    path = Path(delivery.path)
    return [row for piece in pieces for row in read_rows(path, source, ["b"], 100, piece=piece)]


JSON, CSV = SourceConfig(path=""), SourceConfig(path="", format="csv")
LINE = st.sampled_from([b"", b" ", b'{"b":1}', b"a,b", b"1,2", b"x" * 90, b"x" * 200, b"\r"])


@pytest.mark.parametrize("source", [JSON, CSV], ids=["json", "csv"])
@given(lines=st.lists(LINE, max_size=20), last=LINE, piece_bytes=st.integers(1, 100))
def test_the_pieces_of_a_file_have_its_lines(
    tmp_path_factory: pytest.TempPathFactory, source: SourceConfig, lines: list[bytes], last: bytes, piece_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "log"
    delivery = deliver(path, b"".join(line + b"\n" for line in lines) + last)
    whole = read_rows(path, source, ["b"], 100)
    assert rows_of(delivery, pieces_of(delivery, piece_bytes), source) == whole


def test_a_large_file_has_several_pieces_but_a_gzip_one_has_one(tmp_path: Path) -> None:
    content = b"".join(b'{"b":%d}\n' % number for number in range(1000))
    plain = deliver(tmp_path / "plain", content)
    assert len(pieces_of(plain, 1000)) == len(content) // 1000 + 1
    packed = deliver(tmp_path / "packed", gzip.compress(content))
    assert pieces_of(packed, 100) == [Piece(DAY, packed.path)]
    assert len(rows_of(packed, pieces_of(packed, 100), JSON)) == 1000
    gone = Delivery(DAY, str(tmp_path / "gone"), 1000, "")
    (row,) = rows_of(gone, pieces_of(gone, 100), JSON)
    assert row.fault and "gone cannot be read after line 0" in row.fault


def test_the_fault_of_a_header_is_told_once(tmp_path: Path) -> None:
    delivery = deliver(tmp_path / "log", b"a,c\n" + b"1,2\n" * 100)
    pieces = pieces_of(delivery, 50)
    assert len(pieces) > 5
    (row,) = rows_of(delivery, pieces, CSV)
    assert row.fault and "has no column 'b'" in row.fault


def test_a_file_that_shrinks_before_it_is_read_is_a_fault(tmp_path: Path) -> None:
    delivery = deliver(tmp_path / "log", b'{"b":1}\n' * 100)
    pieces = pieces_of(delivery, 80)
    deliver(tmp_path / "log", b'{"b":1}\n' * 13)
    faults = [row.fault for row in rows_of(delivery, pieces, JSON) if row.fault]
    assert "log cannot be read after line 13: it became shorter while it was read; deliver it again" in faults[0]


def test_small_files_share_a_task_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces_module, "_LEAST_TASK_BYTES", 10)
    sizes = [4, 4, 4, 50, 0, 1, 1]
    deliveries = [Delivery(DAY, str(place), size, "") for place, size in enumerate(sizes)]

    def tasks(**limits: int) -> list[list[int]]:
        for name, limit in limits.items():
            monkeypatch.setattr(pieces_module, name, limit)
        return [[int(piece.path) for piece in task] for task in tasks_of(Here(), deliveries, [SourceConfig(path="")])]

    assert tasks() == [[0, 1, 2], [3], [4, 5, 6]]  # for each core as much
    assert tasks(_TASK_BYTES=10) == [[0, 1], [2], [3], [4, 5, 6]]
    assert tasks(_TASK_FILES=2) == [[0, 1], [2], [3], [4, 5], [6]]
    assert tasks_of(Here(), [], [SourceConfig(path="")]) == []
