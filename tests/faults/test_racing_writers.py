"""Six processes commit to one table at once: no integer is given twice, nothing is lost, and each loser knows."""

from collections import Counter
from pathlib import Path

from interest_spark.foundation.errors import EXIT_BUSY, EXIT_OK
from interest_spark.storage.warehouse import Warehouse
from tests.racing_writers import ITEMS_A_ROUND, Writers

WRITERS, ROUNDS = 6, 100


def test_no_integer_is_given_twice_and_no_item_is_lost(tmp_path: Path) -> None:
    codes = Writers(tmp_path / "w", "items", WRITERS, ROUNDS, tmp_path / "barrier").exit_codes_by_round(timeout=300)
    assert len(codes) == ROUNDS
    assert {code for each in codes for code in each} <= {EXIT_OK, EXIT_BUSY}
    assert all(EXIT_OK in each for each in codes)
    assert Counter(code for each in codes for code in each)[EXIT_BUSY] >= ROUNDS  # they did meet
    vocab = Warehouse(tmp_path / "w").read_small("vocab")
    indexes, items = vocab["item_index"].to_pylist(), vocab["item_id"].to_pylist()
    assert sorted(indexes) == list(range(2, 2 + ROUNDS * ITEMS_A_ROUND))
    assert sorted(items) == sorted(f"item {this} {place}" for this in range(ROUNDS) for place in range(ITEMS_A_ROUND))


def test_days_side_by_side_are_all_committed(tmp_path: Path) -> None:
    codes = Writers(tmp_path / "w", "days", WRITERS, ROUNDS, tmp_path / "barrier").exit_codes_by_round(timeout=300)
    assert codes == [[EXIT_OK] * WRITERS] * ROUNDS
    assert Warehouse(tmp_path / "w").version("popularity") == WRITERS * ROUNDS - 1
    found = Warehouse(tmp_path / "w").read_small("popularity")["item_id"].to_pylist()
    assert found == [str(ROUNDS - 1)] * WRITERS
