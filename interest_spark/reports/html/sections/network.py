"""The network of the newest model: its layers with shapes and parameters."""

from collections.abc import Mapping
from typing import Any

from interest_spark.models.network_layers import layers_of
from interest_spark.reports.html.source import ReportSource
from interest_spark.storage.bundles import read_config, read_shapes


def gather(source: ReportSource) -> Mapping[str, Any]:
    layers = layers_of(read_shapes(source.bundle))
    config = read_config(source.bundle)
    kind = config.get("network", config.get("collaborative", {})).get("kind", "")
    rows = [
        {
            "name": layer.name,
            "shapes": [f"{name} {' × '.join(map(str, shape)) or '1'}" for name, shape in layer.shapes.items()],
            "parameters": layer.parameters,
        }
        for layer in layers
    ]
    total = sum(layer.parameters for layer in layers)
    return {"rows": rows, "total": total or 1, "kind": kind, "version": (source.trained or {})["model_version"]}
