"""A few seconds of the fuzzer of raw files: it works, and finds nothing."""

import pytest

from tests.fuzz.fuzz_raw_files import cases, exit_code_of
from tests.fuzz.fuzzing import fuzz


@pytest.mark.usefixtures("spark")
def test_deliveries_of_any_bytes_are_read_or_refused() -> None:
    found = fuzz("raw_files", cases(), exit_code_of, seconds=10)
    assert found["first_faults"] == []
    assert found["cases"]
