"""A bundle's card: those of earlier releases are read, and what no code here can build is refused."""

import json
from typing import Any

import pytest

from interest_spark.config.training.networks import DropoutConfig, SasRecConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.card import build_network, read_card
from interest_spark.schemas.tokens import ColumnScheme

WRITTEN_BEFORE_KINDS = """
{
  "columns": {"category_buckets": 50, "time_zone": "Asia/Shanghai"},
  "epochs": 1,
  "loss": 4.323478312807788,
  "max_length": 10,
  "model_version": "2026-01-30-0123456789ab",
  "network": {
    "activation": "swiglu",
    "dim": 16,
    "dropout": {"activation": 0.0, "attention": 0.2, "embedding": 0.1, "residual": 0.0},
    "feed_forward": 64,
    "heads": 2,
    "inputs": ["category"],
    "kind": "sasrec",
    "layers": 2,
    "norm": "post",
    "tied_output": false
  },
  "seed": 0,
  "started_from": "2026-01-29-ba9876543210",
  "steps": 7,
  "trained_through": "2026-01-30",
  "vocabulary_size": 77
}
"""


def written(**changes: Any) -> dict[str, Any]:
    return {**json.loads(WRITTEN_BEFORE_KINDS), **changes}


def test_a_card_written_before_networks_were_a_union_is_read_and_written_alike() -> None:
    card = read_card(written())
    assert card.started_from == "2026-01-29-ba9876543210"
    assert card.columns == ColumnScheme(category_buckets=50, time_zone="Asia/Shanghai")
    assert card.network == SasRecConfig(
        dim=16,
        heads=2,
        norm="post",
        activation="swiglu",
        tied_output=False,
        inputs=("category",),
        dropout=DropoutConfig(embedding=0.1, attention=0.2, activation=0.0, residual=0.0),
    )
    assert card.model_dump(mode="json") == written()


def test_its_network_has_the_weights_that_its_bundle_holds() -> None:
    card = read_card(written())
    network = build_network(card.network, card.vocabulary_size, card.max_length, columns=card.columns)
    shapes = {name: array.shape for name, array in network.parameters.values().items()}
    assert {name: shapes[name] for name in ("items", "output_items", "positions", "input/category")} == {
        "items": (77, 16),
        "output_items": (77, 16),
        "positions": (10, 16),
        "input/category": (51, 16),
    }
    assert {name.split("/")[0] for name in shapes} == {
        *("items", "output_items", "positions", "input", "layer_0", "layer_1", "norm")
    }


def test_older_cards_have_neither_columns_nor_a_parent() -> None:
    older = written(network={"dim": 8})
    del older["columns"], older["started_from"]
    card = read_card(older)
    assert (card.columns, card.started_from, card.network) == (ColumnScheme(), None, SasRecConfig(dim=8))


@pytest.mark.parametrize("network", [{"kind": "gru"}, {"kind": "sasrec", "width": 3}, "sasrec"])
def test_a_network_that_no_code_here_builds_is_refused(network: Any) -> None:
    with pytest.raises(BadDataError, match=r"does not describe a network of this code \(network.*interest train"):
        read_card(written(network=network))
