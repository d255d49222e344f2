"""The train job: blocks, then a bundle, then the row that makes it visible; each only when something changed."""

from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interest_spark.config.shop import ShopConfig
from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import SourcesConfig
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.models.card import read_card
from interest_spark.models.inference import load_encoder
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.graph import plan_steps
from interest_spark.pipeline.report import NOTHING_TO_DO
from interest_spark.schemas.tables import TABLES
from interest_spark.steps.nightly import job
from interest_spark.storage.bundles import read_bundle
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.integration.warehouse_world import commit, config_of, event, item_id, sequence
from tests.runs import run_job

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

DAY = "2026-01-10"
NETWORK = {"dim": 8, "layers": 1, "feed_forward": 8}


def context_of(root: Path, tokens: int = 8, held_out: dict[str, Any] | None = None, **training: Any) -> RunContext:
    settings = {
        "launcher": "local",
        "epochs": 2,
        "batch_blocks": 4,
        "network": NETWORK,
        "start_seconds": 300,
        **training,
    }
    blocks = {"tokens": tokens, "files": 2, "held_out": held_out or {}}
    return RunContext(config_of(root, blocks=blocks, train=settings), date.fromisoformat(DAY))


def put_sequences(spark: "SparkSession", root: Path, rows: list[tuple[Any, ...]]) -> None:
    commit(spark, root, "vocab", DAY, [(item_id(item), item, DAY) for item in range(2, 12)])
    commit(spark, root, "sequences", DAY, rows)


def test_a_day_is_trained_once_and_again_when_its_settings_change(spark: "SparkSession", tmp_path: Path) -> None:
    put_sequences(spark, tmp_path, [sequence(f"u{n}", [2 + n % 5, 3, 4 + n % 3, 9]) for n in range(20)])
    outcome = run_job("train", context_of(tmp_path))
    warehouse = Warehouse(tmp_path)
    assert outcome.status == "done"
    assert outcome.rows == {"train_blocks": warehouse.read_small("train_blocks", day=DAY).num_rows, "models": 1}
    assert outcome.versions == {"train_blocks": 0, "models": 0}
    record = warehouse.open("models").record(Slice(DAY, "sasrec"))
    assert record is not None
    assert record.versions == {"train_blocks": 0, "sequences": 0, "vocab": 0, "models": -1, "events": -1, "items": -1}

    (model,) = warehouse.read_small("models", day=DAY).to_pylist()
    encoder = load_encoder(tmp_path / model["path"], model["manifest_sha256"])
    assert encoder.item_ids.to_pylist() == [item_id(item) for item in (2, 3, 4, 5, 6, 9)]
    assert (model["item_count"], model["trained_through"]) == (6, DAY)
    assert model["loss"] == outcome.details["training"]["loss"]
    assert sorted(path.name for path in (tmp_path / "bundles").iterdir()) == [model["model_version"]]

    assert run_job("train", context_of(tmp_path)) == NOTHING_TO_DO
    assert run_job("train", context_of(tmp_path, threads=2, stall_seconds=900)) == NOTHING_TO_DO
    assert run_job("train", context_of(tmp_path, epochs=1)).rows == {"models": 1}
    assert run_job("train", context_of(tmp_path, tokens=4, epochs=1)).versions == {"train_blocks": 1, "models": 2}


def test_declared_inputs_are_in_the_bundle_and_others_are_not(spark: "SparkSession", tmp_path: Path) -> None:
    rows = [sequence(f"u{n}", [2 + n % 5, 3, 4 + n % 3], behavior=[1, 2, 4], category=[0, 9, n]) for n in range(20)]
    put_sequences(spark, tmp_path, rows)
    loss = {"kind": "full", "score_scale": 20.0}
    context = context_of(tmp_path, network={**NETWORK, "inputs": ["hour", "category"]}, loss=loss, epochs=1)
    run_job("train", context)
    (model,) = Warehouse(tmp_path).read_small("models", day=DAY).to_pylist()
    bundle = read_bundle(tmp_path / model["path"])
    shapes = {name: weight.shape for name, weight in bundle.weights.items() if name.startswith("input/")}
    assert shapes == {"input/category": (1 + 4096 + 1024, 8), "input/hour": (25, 8)}
    card = read_card(bundle.config)
    assert (card.columns, card.score_scale) == (context.config.columns, 20.0)
    elsewhere = context.config.model_copy(update={"shop": ShopConfig(time_zone="Asia/Shanghai")})
    assert run_job("train", RunContext(elsewhere, context.day)).versions == {"train_blocks": 1, "models": 1}


def test_blocks_are_packed_anew_where_the_network_begins_or_ends_to_train_masked(
    spark: "SparkSession", tmp_path: Path
) -> None:
    """And only then: whatever else of a network changes, its blocks are those that are there."""
    put_sequences(spark, tmp_path, [sequence(f"u{n}", [2 + n % 5, 3, 4 + n % 3, 9]) for n in range(20)])
    masked = {**NETWORK, "kind": "bert4rec"}

    def reasons(network: dict[str, Any]) -> list[str]:
        context = context_of(tmp_path, name="mine", network=network, epochs=1)
        return [each.reason for each in plan_steps(job("train", context)) if each.would_run]

    assert run_job("train", context_of(tmp_path, name="mine", network=masked, epochs=1)).status == "done"
    assert sorted(set(learnt_targets(tmp_path, DAY))) == [3, 4, 5, 6, 9]
    assert reasons(masked) == []
    (train,) = reasons({**masked, "mask_share": 0.5})
    assert train == "setting train.network.mask_share was 0.2 and is 0.5"
    blocks, train = reasons(NETWORK)
    assert blocks == "input masked is gone"
    assert "train.network.kind" in train


def test_sequences_of_an_older_version_are_named(
    spark: "SparkSession", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = TABLES["sequences"].remove(TABLES["sequences"].get_field_index("category"))
    row = dict(zip(TABLES["sequences"].names, sequence("u", [2, 3]), strict=True))
    with monkeypatch.context() as patch:
        patch.setitem(TABLES, "sequences", older)
        commit(spark, tmp_path, "sequences", DAY, [tuple(row[name] for name in older.names)])
    with pytest.raises(ConfigError, match=f"lacks category; run `interest sequences --day {DAY}` again"):
        run_job("train", context_of(tmp_path))
    commit(spark, tmp_path, "sequences", DAY, [sequence("u", [2, 3])])  # the newer columns go into the same table


def test_a_day_without_sequences_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"run `interest sequences --day {DAY}` first"):
        run_job("train", context_of(tmp_path))


def test_nothing_to_learn_publishes_nothing(spark: "SparkSession", tmp_path: Path) -> None:
    put_sequences(spark, tmp_path, [sequence("only", [2])])
    with pytest.raises(BadDataError, match="no user has two known items up to 2026-01-10"):
        run_job("train", context_of(tmp_path))
    assert Warehouse(tmp_path).version("models") == -1


def test_a_later_day_goes_on_from_the_earlier_ones_model(spark: "SparkSession", tmp_path: Path) -> None:
    """Day one is learnt in full; on day two only the events since then are, and day one's rows are where they were."""
    first, second = "2026-01-09", DAY
    commit(spark, tmp_path, "vocab", first, [(item_id(item), item, first) for item in range(2, 12)])
    rows = [sequence(f"u{n}", [2 + n % 5, 3, 4 + n % 3, 9]) for n in range(20)]
    commit(spark, tmp_path, "sequences", first, rows)
    later = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
    commit(spark, tmp_path, "vocab", second, [(item_id(12), 12, second)])
    grown = [sequence(f"u{n}", [*rows[n][1], 12], event_time=[*rows[n][3], later]) for n in range(5)]
    commit(spark, tmp_path, "sequences", second, [*grown, *rows[5:]])

    def train_on(day: str, **training: Any) -> dict[str, Any]:
        context = context_of(tmp_path, **training)
        run_job("train", RunContext(context.config, date.fromisoformat(day)))
        (model,) = Warehouse(tmp_path).read_small("models", day=day).to_pylist()
        return model

    parent = train_on(first, mode="incremental")
    assert read_card(read_bundle(tmp_path / parent["path"]).config).started_from is None  # there was none before it
    model = train_on(second, mode="incremental", replay_share=0.0, continued_epochs=1)
    card = read_card(read_bundle(tmp_path / model["path"]).config)
    assert (card.started_from, card.epochs) == (parent["model_version"], 1)
    assert learnt_targets(tmp_path, second) == [12] * 5
    assert train_on(second, mode="full")["model_version"] != model["model_version"]


def test_what_a_run_holds_out_the_next_days_run_learns(spark: "SparkSession", tmp_path: Path) -> None:
    """Everyone looks at item 9 on the first day and at item 10 on the second, after three events of earlier days."""
    first, second = "2026-01-09", DAY
    commit(spark, tmp_path, "vocab", first, [(item_id(item), item, first) for item in range(2, 12)])
    earlier = [datetime(2026, 1, 1, hour, tzinfo=timezone.utc) for hour in range(3)]
    times = [*earlier, *(datetime(2026, 1, day, 12, tzinfo=timezone.utc) for day in (9, 10))]
    histories = [[2 + n % 5, 3, 4 + n % 3, 9, 10] for n in range(20)]
    for day, length in ((first, 4), (second, 5)):
        rows = [sequence(f"u{n}", items[:length], event_time=times[:length]) for n, items in enumerate(histories)]
        commit(spark, tmp_path, "sequences", day, rows)
    training = {"mode": "incremental", "replay_share": 0.0, "continued_epochs": 1, "patience": 3}
    config = context_of(tmp_path, held_out={"kind": "period", "share": 1.0}, **training).config
    for day, held_out in ((first, 9), (second, 10)):
        outcome = run_job("train", RunContext(config, date.fromisoformat(day)))
        assert held_out_targets(tmp_path, day) == [held_out] * 20
        assert 0 < outcome.details["training"]["ndcg"] <= 1
    assert learnt_targets(tmp_path, first) == sorted(item for items in histories for item in items[1:3])
    assert learnt_targets(tmp_path, second) == [9] * 20


def test_a_day_that_was_delivered_anew_is_learnt_by_the_next_run(spark: "SparkSession", tmp_path: Path) -> None:
    """Item 11 arrived with a second delivery of the 8th, after the model of the 9th had been trained without it."""
    first, second = "2026-01-09", DAY
    commit(spark, tmp_path, "vocab", first, [(item_id(item), item, first) for item in range(2, 12)])
    rows = [sequence(f"u{n}", [2 + n % 5, 3, 4 + n % 3, 9]) for n in range(20)]
    commit(spark, tmp_path, "sequences", first, rows)
    for day in ("2026-01-07", "2026-01-08"):
        commit(spark, tmp_path, "events", day, [event("u0", item_id(3), day)])
    config = context_of(tmp_path, mode="incremental", replay_share=0.0, continued_epochs=1).config
    by_day = SourcesConfig(events=SourceConfig(path="{day}/unused"))
    config = config.model_copy(update={"sources": by_day})
    run_job("train", RunContext(config, date.fromisoformat(first)))

    commit(spark, tmp_path, "events", "2026-01-08", [event("u0", item_id(item), "2026-01-08") for item in (3, 11)])
    late = datetime(2026, 1, 8, 12, tzinfo=timezone.utc)
    grown = [sequence(f"u{n}", [*rows[n][1], 11], event_time=[*rows[n][3], late]) for n in range(5)]
    commit(spark, tmp_path, "sequences", second, [*grown, *rows[5:]])
    run_job("train", RunContext(config, date.fromisoformat(second)))
    assert learnt_targets(tmp_path, second) == [11] * 5


def held_out_targets(root: Path, day: str) -> list[int]:
    targets = Warehouse(root).read_small("train_blocks", day=day)["held_out"].to_pylist()
    return sorted(target for block in targets for target in block if target)


def learnt_targets(root: Path, day: str) -> list[int]:
    targets = Warehouse(root).read_small("train_blocks", day=day)["target"].to_pylist()
    return sorted(target for block in targets for target in block if target)
