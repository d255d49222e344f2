"""A month of backfill killed at random moments and started again, and one of two steps at a time."""

from pathlib import Path

import pytest

from tests.backfilled_shop import check_killed_and_side_by_side

pytestmark = [pytest.mark.release, pytest.mark.timeout(3000)]


def test_days_killed_or_side_by_side_are_the_same(tmp_path: Path) -> None:
    print(check_killed_and_side_by_side(tmp_path, days=30, every=7))
