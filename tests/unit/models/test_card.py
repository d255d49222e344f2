"""A bundle's card: those of earlier releases are read, and what no code here can build is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from interest_spark.config.training.networks import DropoutConfig, SasRecConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.models.card import build_network, read_card
from interest_spark.models.inference import load_encoder
from interest_spark.schemas.tokens import ColumnScheme
from interest_spark.storage.bundles import Bundle, write_bundle
from tests.histories import as_histories

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
    "inputs": ["hour"],
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


def test_a_card_written_before_networks_were_a_union_is_read_and_written_with_what_it_lacks() -> None:
    card = read_card(written())
    assert card.started_from == "2026-01-29-ba9876543210"
    assert card.columns == ColumnScheme(category_buckets=50, time_zone="Asia/Shanghai")
    assert card.network == SasRecConfig(
        dim=16,
        heads=2,
        norm="post",
        activation="swiglu",
        tied_output=False,
        inputs=("hour",),
        dropout=DropoutConfig(embedding=0.1, attention=0.2, activation=0.0, residual=0.0),
    )
    columns = {"category_codes": 4096, "category_buckets": 50, "time_zone": "Asia/Shanghai", "session_gap_minutes": 30}
    again = written(columns=columns, origin=None)
    again["network"] |= {"unit_vectors": False, "content": {}, "content_dropout": 0.2}
    again["network"] |= {"attributes": [], "attribute_codes": 4096}
    again["network"] |= {"user_attributes": [], "user_attribute_codes": 4096, "user_content": False}
    again |= {"second_stage": None, "score_scale": None}
    assert card.model_dump(mode="json") == again


def test_its_network_has_the_weights_that_its_bundle_holds() -> None:
    card = read_card(written())
    network = build_network(card.network, card.vocabulary_size, card.max_length, columns=card.columns)
    shapes = {name: array.shape for name, array in network.parameters.values().items()}
    assert {name: shapes[name] for name in ("items", "output_items", "positions", "input/hour")} == {
        "items": (77, 16),
        "output_items": (77, 16),
        "positions": (10, 16),
        "input/hour": (25, 16),
    }
    assert {name.split("/")[0] for name in shapes} == {
        *("items", "output_items", "positions", "input", "layer_0", "layer_1", "norm")
    }


def test_older_cards_have_neither_columns_nor_a_parent() -> None:
    older = written(network={"dim": 8})
    del older["columns"], older["started_from"]
    card = read_card(older)
    assert (card.columns, card.started_from, card.network) == (ColumnScheme(), None, SasRecConfig(dim=8))


def sees_categories(**columns: Any) -> dict[str, Any]:
    card = written()
    network, scheme = {**card["network"], "inputs": ["category", "hour"]}, {**card["columns"], **columns}
    return {**card, "network": network, "columns": scheme}


def test_a_model_of_hashed_categories_is_refused() -> None:
    with pytest.raises(BadDataError, match=r"2026-01-30-0123456789ab was trained on hashed categ.*interest train"):
        read_card(sees_categories())
    without_columns = sees_categories()
    del without_columns["columns"]
    with pytest.raises(BadDataError, match="hashed categories"):
        read_card(without_columns)


def test_a_model_of_numbered_categories_is_read_and_has_a_row_for_each_code() -> None:
    card = read_card(sees_categories(category_codes=200))
    assert read_card(card.model_dump(mode="json")) == card
    network = build_network(card.network, card.vocabulary_size, card.max_length, columns=card.columns)
    assert network.parameters.values()["input/category"].shape == (1 + 200 + 50, 16)


def test_an_earlier_bundle_without_categories_is_loaded_and_encodes(tmp_path: Path) -> None:
    card = read_card(written())
    network = build_network(card.network, card.vocabulary_size, card.max_length, seed=1, columns=card.columns)
    items = pa.table({"item_index": pa.array([2, 3], pa.int32()), "item_id": ["a", "b"]})
    write_bundle(tmp_path / "bundle", Bundle(network.parameters.values(), written(), items))
    vectors = load_encoder(tmp_path / "bundle").encode(as_histories([[2, 3, 2]]))
    assert np.isfinite(vectors).all() and vectors.any()


@pytest.mark.parametrize("network", [{"kind": "gru"}, {"kind": "sasrec", "width": 3}, "sasrec"])
def test_a_network_that_no_code_here_builds_is_refused(network: Any) -> None:
    with pytest.raises(BadDataError, match=r"does not describe a network of this code \(network.*interest train"):
        read_card(written(network=network))
