"""A short run of the fuzzer of configurations."""

import pytest

from tests.fuzz.fuzz_configuration import CASES, exit_code_of
from tests.fuzz.fuzzing import fuzz


@pytest.mark.slow
def test_no_configuration_ends_in_a_traceback() -> None:
    found = fuzz("configuration", CASES, exit_code_of, seconds=10)
    assert (found["faults"], found["first_faults"]) == (0, [])
    assert isinstance(found["cases"], int) and found["cases"] > 50
