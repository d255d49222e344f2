"""Codes of texts of which nobody keeps a list: by their hash (feature hashing; Weinberger et al. 2009)."""

from hashlib import blake2b

import numpy as np
import pyarrow as pa

NO_VALUE = 0


def value_codes(values: pa.Array, codes: int) -> np.ndarray:
    """int32[n]: 1 … `codes` by the value's hash, NO_VALUE for null.

    A value has the same code on every day and machine, so that a warm start knows it again.

    >>> value_codes(pa.array(["red", None, "red"]), 4096).tolist()
    [2212, 0, 2212]
    """
    encoded = values.dictionary_encode()
    of_value = np.array([_code(value.as_py(), codes) for value in encoded.dictionary] + [NO_VALUE], np.int32)
    found: np.ndarray = of_value[encoded.indices.fill_null(len(of_value) - 1).to_numpy(zero_copy_only=False)]
    return found


def _code(value: str, codes: int) -> int:
    return 1 + int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), "big") % codes
