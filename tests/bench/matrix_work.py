"""The work of a network's matrix products, counted while they run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

from interest_spark.config.training.network_section import MaskedNetworkSection
from interest_spark.config.training.networks import NetworkConfig
from interest_spark.models.card import build_network
from interest_spark.schemas.tokens import INPUTS, MEASURES

_PRODUCTS = frozenset({"MatMul", "BatchMatMul", "BatchMatMulV2"})


def flops_per_target(network: NetworkConfig, tokens: int, items: int) -> int:
    """Multiplications and additions of a step's matrix products for each target of a full block, with the full loss.

    The products of the layers are counted; the output's are 2 d V. Backward takes twice as much as forward.
    """
    built = build_network(network, vocabulary_size=items + 2, max_length=tokens)
    block = np.arange(tokens, dtype=np.int32)[None]
    columns = {"item": 2 + block % items, "position": block, "segment": np.ones_like(block)}
    columns |= dict.fromkeys((*INPUTS, *MEASURES), np.ones_like(block))
    with counted_products() as products:
        built.encode({name: tf.constant(values) for name, values in columns.items()})
    return round(3 * (sum(products) / targets_of_a_block(network, tokens) + 2 * network.dim * items))


def targets_of_a_block(network: NetworkConfig, tokens: int) -> float:
    """How many targets a block that one history fills has in a step, in the mean."""
    if not isinstance(network, MaskedNetworkSection):
        return tokens
    return network.last_share + (1.0 - network.last_share) * network.mask_share * tokens


@contextmanager
def counted_products() -> Iterator[list[int]]:
    """Multiplications and additions of each matrix product that is computed at once, not as part of a graph."""
    products: list[int] = []

    def note(kind: Any, inputs: Sequence[tf.Tensor], attributes: Any, outputs: Sequence[tf.Tensor], *_: Any) -> None:
        name = kind.decode() if isinstance(kind, bytes) else kind
        if name in _PRODUCTS:
            flags = dict(zip(attributes[::2], attributes[1::2], strict=True))
            turned = flags.get("transpose_a", flags.get("adj_x", False))
            inner = inputs[0].shape[-2 if turned else -1]
            products.append(2 * inner * outputs[0].shape.num_elements())

    op_callbacks.add_op_callback(note)
    try:
        yield products
    finally:
        op_callbacks.clear_op_callbacks()
