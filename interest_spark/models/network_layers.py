"""A network's layers with the shapes of their arrays, told by the arrays' names alone: nothing is built or loaded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """Arrays of one part of a network by name; `block` is the part that it stands in, its own name if in none."""

    name: str
    block: str
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def parameters(self) -> int:
        """Numbers in all of its arrays."""
        return sum(math.prod(shape) for shape in self.shapes.values())


def layers_of(shapes: Mapping[str, tuple[int, ...]]) -> Sequence[Layer]:
    """The layers of arrays called `layer` or `block/…/layer/array`, in their order, from the input to the output.

    >>> found = layers_of({"items": (9, 4), "layer_0/expand/weight": (4, 8), "layer_0/expand/bias": (8,)})
    >>> [(layer.block, layer.name, layer.parameters) for layer in found]
    [('items', 'items', 36), ('layer_0', 'layer_0/expand', 40)]
    """
    layers: dict[str, dict[str, tuple[int, ...]]] = {}
    for array, shape in shapes.items():
        above, _, own = array.rpartition("/")
        layers.setdefault(above or array, {})[own] = shape
    return [Layer(name, name.split("/")[0], of_layer) for name, of_layer in layers.items()]
