"""A backfill killed at random moments and started again, and one of two steps at a time: the tables of a whole one."""

from pathlib import Path

import pytest

from tests.backfilled_shop import check_killed_and_side_by_side

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]


def test_killed_or_side_by_side_it_makes_the_same_and_nothing_twice(tmp_path: Path) -> None:
    print(check_killed_and_side_by_side(tmp_path, days=5, every=4))
