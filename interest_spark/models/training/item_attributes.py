"""The attributes of items that a training run begins with, as codes."""

from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.config.training.networks import NetworkSection
from interest_spark.models.networks.item_attributes import NO_VALUE, codes_name
from interest_spark.models.networks.parameters import Parameters

Array = np.ndarray[Any, Any]


def set_attributes(parameters: Parameters, network: NetworkSection, items: pa.Table) -> None:
    """Set the frozen codes of a fresh network from the candidates `items` (read_candidates)."""
    index = items["item_index"].to_numpy()
    for name in network.attributes:
        variable = parameters.frozen[codes_name(name)]
        rows = np.full(variable.shape[0], NO_VALUE, np.int32)
        rows[index] = attribute_codes(values_of(items, name), network.attribute_codes)
        variable.assign(rows)


def values_of(items: pa.Table, attribute: str) -> pa.Array:
    """The text of the attribute of each of the candidates, null where it is not known."""
    values = [dict(pairs or ()).get(attribute) for pairs in items["attributes"].to_pylist()]
    return pa.array(values, pa.string())


def attribute_codes(values: pa.Array, codes: int) -> Array:
    """int32[n]: 1 … `codes` by the value's hash, NO_VALUE for null (feature hashing; Weinberger et al. 2009).

    A value has the same code on every day and machine, so that a warm start knows it again.

    >>> attribute_codes(pa.array(["red", None, "red"]), 4096).tolist()
    [2212, 0, 2212]
    """
    encoded = values.dictionary_encode()
    of_value = np.array([_code(value.as_py(), codes) for value in encoded.dictionary] + [NO_VALUE], np.int32)
    return of_value[encoded.indices.fill_null(len(of_value) - 1).to_numpy(zero_copy_only=False)]


def _code(value: str, codes: int) -> int:
    return 1 + int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), "big") % codes
