"""A warehouse with some of everything that a report shows, put there without Spark; its texts are hostile."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from interest_spark.config.deployment import Config
from interest_spark.foundation.resource_use import ResourceUse
from interest_spark.operations.journal import Journal
from interest_spark.storage.bundles import BUNDLES, Bundle, write_bundle
from interest_spark.storage.layout import Slice
from interest_spark.storage.warehouse import Warehouse
from tests.journal_entries import run_entry, step_entry
from tests.log_files import shop_config
from tests.small_tables import put_rows

DAY, BEFORE, MODEL = "2026-01-20", "2026-01-19", "sasrec"
VERSION = "2026-01-20-sasrec-0123456789ab"
SCRIPT = "<script>document.title='taken'</script>"
"""A title that would act on the page if it were not escaped."""
MARKUP = "<b onclick=alert(1)>$x_1$ \u202e“&amp;”"
USERS, ITEMS, K = 12, 8, 5
AT = datetime(2026, 1, 19, 12, tzinfo=timezone.utc)


def write_report_world(root: Path) -> Config:
    """The deployment below `root`, with two days of tables, one model and two runs of the journal."""
    config = shop_config(root, score={"k": K})
    warehouse = Warehouse(config.warehouse)
    for number, day in enumerate((BEFORE, DAY)):
        _put_ingest(warehouse, day, events=100 + 20 * number)
        _put_gates(warehouse, day, alarm=day == DAY)
        _put_metrics(warehouse, day, ndcg=0.2 + 0.05 * number)
        _put_lists(warehouse, day)
    _put_items(warehouse, root / "raw")
    _put_histories(warehouse)
    _put_profiles(warehouse)
    _put_tastes(warehouse)
    _put_audiences(warehouse)
    _put_churn(warehouse)
    _put_model(warehouse)
    _put_promotions(warehouse)
    _write_journal(warehouse)
    return config


def metric_row(contender: str, metric: str, value: float, **changes: Any) -> dict[str, Any]:
    """A row of `metrics` with an interval of 0.05 to each side."""
    given = {"slice": contender, "metric": metric, "value": value, "low": value - 0.05, "high": value + 0.05}
    given |= {"against": None, "p_value": None, "p_adjusted": None}
    return {"model_version": VERSION, "split": "next_7_days", "users": 50, **given, **changes}


def _put_profiles(warehouse: Warehouse) -> None:
    """Nine of twelve people like tea most, of which they see less and less, the others something hostile."""
    rows = []
    for user in range(USERS):
        for rank, name in enumerate(("tea", MARKUP) if user < 9 else (MARKUP, "tea"), start=1):
            own = {"user_id": f"u{user}", "interest": "category", "name": name, "rank": rank}
            rows.append({**own, "confidence": 0.75, "trend": -0.25 if name == "tea" else 0.25})
    put_rows(warehouse, "profiles", "profiles", {Slice(DAY): rows})


def _put_tastes(warehouse: Warehouse) -> None:
    """Ten of twelve people like a cluster of five items best, the others one with a hostile name."""
    names = {1: "kitchen: 保温杯", 2: f"kitchen: {SCRIPT}"}
    clusters = [
        {"cluster": cluster, "name": name, "items": 6 - cluster, "model_version": VERSION}
        for cluster, name in names.items()
    ]
    put_rows(warehouse, "taste_clusters", "clusters", {Slice(DAY): clusters})
    rows = [
        {"user_id": f"u{user}", "cluster": cluster, "rank": rank, "value": 0.5 / rank, "model_version": VERSION}
        for user in range(USERS)
        for rank, cluster in enumerate((1, 2) if user < 10 else (2, 1), start=1)
    ]
    put_rows(warehouse, "tastes", "tastes", {Slice(DAY): rows})


def _put_audiences(warehouse: Warehouse) -> None:
    """One of twelve people that was foretold to have ten, and one that is empty for a hostile reason."""
    none = dict.fromkeys(("matched", "opted_out", "without_consent", "eligible", "capped", "held_out", "addressed"), 0)
    counts = {"matched": 16, "opted_out": 3, "without_consent": 1, "eligible": 12, "capped": 4, "held_out": 2}
    rows: list[dict[str, Any]] = [
        {"audience": "tea-lovers", "priority": 1, **none, **counts, "addressed": 6, "expected": 10.0, "auc": 0.875},
        {"audience": "like-vips", "priority": 2, **none, "expected": None, "auc": None, "reason": SCRIPT},
        {"audience": "others", "priority": 3, **none, "eligible": 6, "addressed": 6, "expected": None, "auc": None},
    ]
    rows[0]["reason"] = rows[2]["reason"] = None
    before = {**rows[0], "eligible": 9}
    for day, found in ((BEFORE, [before]), (DAY, rows)):
        named = [{name: row[name] for name in rows[1]} for row in found]
        put_rows(warehouse, "audience_sizes", f"sizes-{day}", {Slice(day): named})
    overlap = {"audience": "tea-lovers", "other": "others", "users": 3}
    put_rows(warehouse, "audience_overlaps", "overlaps", {Slice(DAY): [overlap]})


def _put_churn(warehouse: Warehouse) -> None:
    """Three of twelve people are warned of, one of them by a hostile name."""
    tenths = [number / 10 for number in range(10)]
    model = {
        **{"model_version": VERSION, "validated_on": BEFORE, "judged_rows": 120, "judged_churners": 30},
        **{"auc": 0.82, "baseline_auc": 0.7, "auc_above_baseline": 0.12, "above_low": 0.05, "above_high": 0.19},
        **{"lift": 3.1, "precision": 0.64, "recall": 0.72, "calibration_error": 0.031, "threshold": 0.55},
        **{"foretold": tenths, "came_true": tenths, "reason": None},
    }
    put_rows(warehouse, "churn_models", "churn-models", {Slice(BEFORE): [model]})
    rows = []
    for user in range(USERS):
        is_warned = user % 4 == 0
        own = {"user_id": MARKUP if user == 0 else f"u{user}", "probability": 0.9 if is_warned else 0.1, "days": 21}
        told = {"band": "high" if is_warned else "low", "reasons": [f"bought last long ago: {SCRIPT}"] * is_warned}
        rows.append({**own, **told, "baseline_probability": 0.5, "model_version": VERSION})
    put_rows(warehouse, "churn", "churn", {Slice(DAY): rows})
    _put_churn_outcomes(warehouse, {"promised_precision": 0.64, "promised_recall": 0.72, "promised_auc": 0.82})


def _put_churn_outcomes(warehouse: Warehouse, promised: Mapping[str, Any]) -> None:
    """Two days whose warnings were judged, one of them twice, and one that cannot be judged for a hostile reason."""
    own = {"warned_on": "2025-12-01", "model_version": VERSION, "reason": None, "scored": 400, "churners": 100}
    own |= {"warned": 90, "warned_churners": 27, "precision": 0.3, "recall": 0.27, "lift": 1.25, "auc": 0.58}
    own |= {f"{name}_{end}": own[name] + by for name in ("precision", "recall", "auc") for end, by in _BOUNDS}
    own |= {"calibration_error": 0.2, "baseline_auc": 0.56, "promised_rows": 120, "promised_churners": 30, **promised}
    unjudged = {**dict.fromkeys(own), "warned_on": "2025-11-30", "model_version": VERSION, "reason": SCRIPT}
    first = {**own, "warned_churners": 1, "precision": 1 / 90, "recall": 0.01}
    days = {Slice(BEFORE): [first], Slice(DAY): [own, {**own, "warned_on": "2025-12-02", "scored": 401}, unjudged]}
    put_rows(warehouse, "churn_outcomes", "outcomes", days)


_BOUNDS = (("low", -0.05), ("high", 0.05))


def _put_ingest(warehouse: Warehouse, day: str, events: int) -> None:
    ledger = {
        "source_file": f"{day}/part-0",
        "raw_lines": events + 5,
        "accepted": events,
        "duplicates": 2,
        "quarantined": 3,
    }
    put_rows(warehouse, "ingest_ledger", f"l-{day}", {Slice(day, "events"): [ledger]})
    refused = [{"raw": SCRIPT, "reason": reason} for reason in ("bad_time", "bad_time", "not_json")]
    put_rows(warehouse, "quarantine", f"q-{day}", {Slice(day, "events"): refused})


def _put_gates(warehouse: Warehouse, day: str, *, alarm: bool) -> None:
    def judged(figure: str, value: float, state: str = "ok", **more: Any) -> dict[str, Any]:
        bounds = {"low": 1.0, "high": 150.0, "median": 100.0, "history": 14, "count": 100}
        return {"figure": figure, "value": value, "state": state, "reason": None, **bounds, "shares": None, **more}

    state = "blocked" if alarm else "ok"
    rows = [
        judged("events", 120.0),
        judged(f"platform:{MARKUP}", 3.0, state, reason=f"platform {SCRIPT} is above 2"),
        judged(
            "drift:platform", 0.3, "warned" if alarm else "ok", shares=[(MARKUP, 0.7), ("web", 0.3 if alarm else 0.1)]
        ),
    ]
    put_rows(warehouse, "gates", f"g-{day}", {Slice(day, "ingest"): rows})


def _put_metrics(warehouse: Warehouse, day: str, ndcg: float) -> None:
    """The model beats popularity, and what its user did before beats the model."""
    values = {"model": ndcg, "popularity": 0.05, "own_frequency": 0.6}
    rows = [metric_row(name, metric, value) for name, value in values.items() for metric in ("ndcg@5", "recall@5")]
    rows += [metric_row(name, "coverage@5", 1 - value, low=None, high=None) for name, value in values.items()]
    rows += [metric_row(f"model:platform={MARKUP}", metric, 0.1) for metric in ("ndcg@5", "recall@5")]
    tested = {"against": "popularity", "p_value": 0.001, "p_adjusted": 0.004}
    rows += [metric_row("model", metric, ndcg - 0.05, **tested) for metric in ("ndcg@5", "recall@5")]
    put_rows(warehouse, "metrics", f"m-{day}", {Slice(day, MODEL): rows})


def _put_lists(warehouse: Warehouse, day: str) -> None:
    rows = [
        {
            "user_id": f"u{user}" if user else f"u0{SCRIPT}",
            "rank": rank,
            "item_id": f"i{(user + rank) % ITEMS}",
            "score": 1.0 / rank,
            "source": "model" if user else "popularity",
            "model_version": VERSION,
        }
        for user in range(USERS)
        for rank in range(1, K + 1)
    ]
    put_rows(warehouse, "recommendations", f"r-{day}", {Slice(day, MODEL): rows})
    unserved = [{"user_id": "bot", "reason": "bot", "rows": 0}]
    put_rows(warehouse, "unserved", f"u-{day}", {Slice(day, MODEL): unserved})


def _put_items(warehouse: Warehouse, raw: Path) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (300, 200), "teal").save(raw / "i1.png")
    images = {"i1": "i1.png", "i2": "https://shop.example/i2.png", "i3": "../warehouse/gates"}
    titles = {"i0": SCRIPT, "i1": "保温杯", "i2": MARKUP}
    rows = [
        {
            "item_id": f"i{number}",
            "title": titles.get(f"i{number}"),
            "category": "kitchen",
            "image": images.get(f"i{number}"),
        }
        for number in range(ITEMS)
    ]
    put_rows(warehouse, "items", "items", {Slice(DAY): rows})
    numbers = [{"item_id": f"i{number}", "item_index": number + 2, "first_day": BEFORE} for number in range(ITEMS)]
    put_rows(warehouse, "vocab", "vocab", {Slice(BEFORE): numbers})
    ranks = [
        {"item_index": number + 2, "item_id": f"i{number}", "events": 9, "rank": number + 1} for number in range(ITEMS)
    ]
    put_rows(warehouse, "popularity", "popularity", {Slice(DAY): ranks})


def _put_histories(warehouse: Warehouse) -> None:
    rows = [
        {
            "user_id": f"u{user}" if user else f"u0{SCRIPT}",
            "item_index": [2 + (user + place) % ITEMS for place in range(4)],
            "behavior": [1, 1, 2, 4],
            "event_time": [AT + timedelta(minutes=place) for place in range(4)],
            "events": 4,
        }
        for user in range(USERS)
    ]
    put_rows(warehouse, "sequences", "sequences", {Slice(DAY): rows})


def _put_promotions(warehouse: Warehouse) -> None:
    first = {"number": 1, "decided": "first", "champion": "old", "reason": "nobody served"}
    refused = {"number": 1, "decided": "refused", "champion": "old", "challenger": VERSION, "metric": "ndcg@5"}
    refused |= {"difference": -0.1, "low": -0.2, "high": -0.02, "users": 50, "reason": f"worse {SCRIPT}"}
    put_rows(warehouse, "promotions", "p-1", {Slice(BEFORE, MODEL): [first]})
    put_rows(warehouse, "promotions", "p-2", {Slice(DAY, MODEL): [refused]})


def _put_model(warehouse: Warehouse) -> None:
    weights = {"items": np.zeros((10, 4), np.float32), "layer_0/expand/weight": np.zeros((4, 8), np.float32)}
    items = pa.table({"item_index": pa.array(range(2, 10), pa.int32()), "item_id": [f"i{each}" for each in range(8)]})
    bundle = warehouse.root / BUNDLES / VERSION
    manifest = write_bundle(bundle, Bundle(weights, {"network": {"kind": "sasrec"}}, items))
    write_curve(bundle)
    result = {"epochs": 3, "best_epoch": 2, "steps": 6, "targets": 60, "ndcg": 0.3, "peak_memory_mb": 512.0}
    (bundle / "training.json").write_text(json.dumps(result))
    figures = {"item_count": 8, "parameters": 72, "loss": 1.0, "train_seconds": 3.0, "trained_through": DAY}
    row = {"model_version": VERSION, "path": f"{BUNDLES}/{VERSION}", "manifest_sha256": manifest, **figures}
    put_rows(warehouse, "models", "models", {Slice(DAY, MODEL): [row]})


def write_curve(bundle: Path) -> None:
    """Three epochs of two steps, two ranks; validation is best after the second one."""
    lines: list[dict[str, Any]] = []
    for step in range(1, 7):
        epoch = (step + 1) // 2
        line = {
            "epoch": epoch,
            "step": step,
            "total_steps": 6,
            "loss": 4.0 / step,
            "targets": 10,
            "seconds": 0.1 * step,
        }
        line |= {"learning_rate": 0.001 * step, "gradient_norm": 2.0 / step}
        lines.append(line | ({"rank_losses": [4.1 / step, 3.9 / step]} if step % 2 == 0 else {}))
        if step % 2 == 0:
            judged = {"ndcg": (0.1, 0.3, 0.2)[epoch - 1], "held_out_targets": 5, "seconds": 0.1 * step}
            lines.append({"epoch": epoch, "step": step, "total_steps": 6, **judged})
    (bundle / "curve.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _write_journal(warehouse: Warehouse) -> None:
    journal = Journal(warehouse.root)
    for number, day in enumerate((BEFORE, DAY)):
        use = ResourceUse(driver_memory_mb=900.0 + number, executor_memory_mb=300.0, shuffle_bytes=5 << 20)
        steps = (
            step_entry("events", day, seconds=2.0 + number, rows={"events": 120}, use=use),
            step_entry("train", day, error=f"broken {SCRIPT}", status="failed"),
        )
        minutes = (date.fromisoformat(day) - date(2026, 1, 3)).days * 24 * 60
        journal.write(run_entry(f"r-{day}", minutes=minutes, day=day, steps=steps))
