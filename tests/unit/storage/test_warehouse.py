"""Whether a job may write to the warehouse is asked before it computes anything."""

from pathlib import Path

import pytest

from interest_spark.foundation.temporary import temporary_failure
from interest_spark.storage.warehouse import Warehouse
from tests.small_disk import small_disk


def test_a_warehouse_without_room_for_another_file_is_temporary(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1, inodes=1) as disk, pytest.raises(OSError) as raised:
        Warehouse(disk).check_writable()
    assert temporary_failure(raised.value) is not None
