"""The attributes of items that a training run begins with, as codes."""

from typing import Any

import numpy as np
import pyarrow as pa

from interest_spark.config.training.network_section import NetworkSection
from interest_spark.features.value_codes import NO_VALUE, value_codes
from interest_spark.models.networks.item_attributes import codes_name
from interest_spark.models.networks.parameters import Parameters

Array = np.ndarray[Any, Any]


def set_attributes(parameters: Parameters, network: NetworkSection, items: pa.Table) -> None:
    """Set the frozen codes of a fresh network from the candidates `items` (read_candidates)."""
    index = items["item_index"].to_numpy()
    for name in network.attributes:
        variable = parameters.frozen[codes_name(name)]
        rows = np.full(variable.shape[0], NO_VALUE, np.int32)
        rows[index] = value_codes(values_of(items, name), network.attribute_codes)
        variable.assign(rows)


def values_of(items: pa.Table, attribute: str) -> pa.Array:
    """The text of the attribute of each of the candidates, null where it is not known."""
    values = [dict(pairs or ()).get(attribute) for pairs in items["attributes"].to_pylist()]
    return pa.array(values, pa.string())
