"""Events whose items the network is not to see."""

import tensorflow as tf

from interest_spark.config.training.network_section import NetworkSection
from interest_spark.models.networks.network import Tokens
from interest_spark.schemas.behaviors import MASK_INDEX, UNKNOWN_INDEX


def hide_items(tokens: Tokens, hidden: tf.Tensor, network: NetworkSection) -> dict[str, tf.Tensor]:
    """The tokens without the items and declared inputs of hidden events, bool[B, T]; when they happened remains.

    A network with MASK tokens sees these, any other an unknown item: a row of the item table that nothing else reads or
    trains, since histories are served without unknown items, and so becomes what a MASK token is there.
    """
    nothing = MASK_INDEX if network.masked else UNKNOWN_INDEX
    columns = {name: tf.where(hidden, 0, tokens[name]) for name in network.inputs}
    return {**tokens, **columns, "item": tf.where(hidden, nothing, tokens["item"])}
