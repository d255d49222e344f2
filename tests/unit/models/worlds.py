"""Small training worlds: histories as block files, and plans over them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interest_spark.config.collaborative import AlsConfig
from interest_spark.config.training.network_section import NetworkSection
from interest_spark.config.training.networks import SasRecConfig
from interest_spark.config.training.train import TrainConfig
from interest_spark.features.blocks.masks import at_their_events, hide_events
from interest_spark.features.blocks.packing import pack_histories
from interest_spark.features.blocks.targets import NOWHERE, hold_out_last, next_events, pick
from interest_spark.features.blocks.user_attributes import COLUMN, user_codes
from interest_spark.features.sequences.tokens import token_columns
from interest_spark.models.collaborative.card import CollaborativeCard
from interest_spark.models.training.plan import ContentModel, TrainPlan
from interest_spark.schemas.tables import TABLES
from interest_spark.schemas.tokens import INPUTS, MEASURES, USER_COLUMNS, ColumnScheme
from interest_spark.storage.bundles import Bundle, write_bundle
from tests.histories import as_histories

Histories = Sequence[np.ndarray]
Lists = Mapping[str, Sequence[Any]]
"""Lists of `sequences` that are aligned with the items of each history."""

SCHEME = ColumnScheme(category_codes=20, category_buckets=30, time_zone="Asia/Shanghai")

TINY = SasRecConfig(dim=16, layers=2, heads=2, feed_forward=32, dropout=0.0)


def random_histories(users: int, items: int, longest: int, seed: int = 0) -> list[np.ndarray]:
    """Histories of 2 … `longest` items 2 … `items` + 1, the last item always among them."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, longest + 1, users)
    histories = [random.integers(2, items + 2, length).astype(np.int32) for length in lengths]
    histories[0][0] = items + 1
    return histories


def pack(
    histories: Histories,
    tokens: int,
    held_out: bool = False,
    validated: bool = False,
    masked: bool = False,
    users: Mapping[str, np.ndarray] = MappingProxyType({}),
    **lists: Sequence[Any],
) -> dict[str, np.ndarray]:
    """Blocks of next-event targets; with `held_out` without each history's last one, with `validated` of that alone.

    `masked`: for a network that trains masked. `users`: a code of each history by user column.
    """
    offsets = np.cumsum([0, *map(len, histories)])
    items = np.concatenate([np.zeros(0, np.int32), *histories])
    places, nothing = next_events(items, offsets), np.full(len(items), NOWHERE)
    learnt, held = hold_out_last(places, offsets, np.full(len(histories), held_out or validated))
    learnt, held = (nothing, held) if validated else (learnt, nothing)
    if masked:
        learnt, held = at_their_events(learnt), at_their_events(held)
    columns = token_columns(as_histories(histories, **lists), SCHEME, (*INPUTS, *MEASURES))
    targets = {
        "target": pick(items, learnt),
        "target_behavior": pick(columns["behavior"], learnt),
        "target_minute": pick(columns["minute"], learnt),
        "held_out": pick(items, held),
    }
    wanted = (learnt != NOWHERE) | (held != NOWHERE)
    seen = {"item": items, **columns}
    seen = hide_events(seen, held != NOWHERE) if masked else seen
    seen |= {name: np.repeat(codes, np.diff(offsets)) for name, codes in users.items()}
    packed = pack_histories({**seen, **targets}, wanted, offsets, tokens)
    return {**packed, "held_out_targets": np.count_nonzero(packed["held_out"], axis=1)}


def described(histories: Histories, names: Sequence[str]) -> list[list[str | None] | None]:
    """Attributes of the histories' users that follow from the first item, so that a history has the same wherever it is
    dealt to. Of every fourth user nothing is known, of others not always each.
    """
    firsts = [int(history[0]) for history in histories]
    return [
        [f"{name} {first % (5 + place)}" if (first + place) % 3 else None for place, name in enumerate(names)]
        if first % 4
        else None
        for first in firsts
    ]


def codes_of(users: Sequence[Sequence[str | None] | None], network: NetworkSection) -> dict[str, np.ndarray]:
    """What blocks hold of these users for a network."""
    rows = pa.table({COLUMN: pa.array(users, pa.list_(pa.string()))})
    return user_codes(rows, network.user_attributes, network.user_attribute_codes)


def write_blocks(path: Path, columns: dict[str, np.ndarray], first_id: int, row_group: int) -> str:
    """One file of `train_blocks` in row groups of `row_group` blocks; returns its path."""
    count, tokens = columns["item"].shape
    offsets = np.arange(count + 1, dtype=np.int32) * tokens
    arrays = {"block_id": pa.array(np.arange(count, dtype=np.int64) + first_id)}
    arrays |= {name: pa.nulls(count) for name in USER_COLUMNS}
    for name, values in columns.items():
        arrays[name] = pa.array(values) if values.ndim == 1 else pa.ListArray.from_arrays(offsets, values.ravel())
    table = pa.table({name: arrays[name] for name in TABLES["train_blocks"].names}).cast(TABLES["train_blocks"])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=row_group)
    return str(path)


def write_content(folder: Path, items: np.ndarray, widths: Mapping[str, int]) -> dict[str, ContentModel]:
    """Factors of every item with an even index, the same for an item in every world."""
    known = items[items % 2 == 0].astype(np.int32)
    drawn = {
        source: np.random.default_rng(5).normal(size=(int(items.max()) + 1, width)).astype(np.float32)[known]
        for source, width in widths.items()
    }
    return {source: write_factors(folder / source, known, factors) for source, factors in drawn.items()}


def write_factors(folder: Path, items: np.ndarray, factors: np.ndarray) -> ContentModel:
    """A source of content: factors, float32[C, width], of the items int32[C], ascending."""
    config = AlsConfig(factors=factors.shape[1])
    card = CollaborativeCard(model_version=folder.name, collaborative=config, trained_through="2024-04-30")
    table = pa.table({"item_index": pa.array(items), "item_id": [f"item-{item}" for item in items]})
    sha256 = write_bundle(folder, Bundle({"items": factors}, card.model_dump(mode="json"), table))
    return ContentModel(path=folder, manifest_sha256=sha256)


def empty_blocks(count: int, tokens: int = 4) -> dict[str, np.ndarray]:
    """Blocks whose items are the block's number: enough to follow a block through the reader."""
    numbers = np.repeat(np.arange(count, dtype=np.int32)[:, None], tokens, axis=1)
    lists = [name for name in TABLES["train_blocks"].names if name not in ("block_id", "held_out_targets")]
    return {**dict.fromkeys(lists, numbers), "held_out_targets": np.zeros(count, np.int32)}


def make_plan(
    folder: Path,
    histories: Histories,
    tokens: int,
    files: int = 2,
    row_group: int = 7,
    held_out: bool = False,
    lists: Lists | None = None,
    users: Sequence[Sequence[str | None] | None] | None = None,
    **train: Any,
) -> TrainPlan:
    """A plan of a fresh folder over `files` files, and as many where each history's last target is held out, with the
    histories' items as candidates. `users`: what is known of each history's user, by default as `described`.
    """
    settings = {"launcher": "local", "batch_blocks": 8, "streams": 4, "network": TINY, "start_seconds": 300, **train}
    network = TrainConfig.model_validate(settings).network
    masked = network.masked
    known = described(histories, network.user_attributes) if users is None else users
    codes = [codes_of(known[part::files], network) for part in range(files)]
    own = [{name: values[part::files] for name, values in (lists or {}).items()} for part in range(files)]
    dealt = [(histories[part::files], {"masked": masked, "users": codes[part], **own[part]}) for part in range(files)]
    parts = [pack(each, tokens, held_out, **rest) for each, rest in dealt]
    if held_out:
        parts += [pack(each, tokens, validated=True, **rest) for each, rest in dealt]
    paths = [write_blocks(folder / f"part-{n}.parquet", part, n << 28, row_group) for n, part in enumerate(parts)]
    items, events = np.unique(np.concatenate(histories), return_counts=True)
    return plan_over(folder, paths, items, events, tokens, settings)


def plan_over(
    folder: Path, files: Sequence[str], items: np.ndarray, events: np.ndarray, tokens: int, train: dict[str, Any]
) -> TrainPlan:
    """A plan over files of blocks that are there already; `items`, ascending, are the candidates, `events` their
    numbers of events.
    """
    plan = TrainPlan(
        model_version="tested",
        trained_through="2024-05-01",
        files=tuple(files),
        tokens=tokens,
        columns=SCHEME,
        train=TrainConfig.model_validate(train),
        exclude_seen=True,
        bundle=folder / "bundle",
        work=folder / "work",
    )
    if plan.train.network.content:
        plan = plan.model_copy(update={"content": write_content(folder, items, plan.train.network.content)})
    plan.candidates.mkdir(parents=True)
    ids = [f"item-{item}" for item in items]
    category = np.zeros(len(items), np.int32)
    names = plan.train.network.attributes
    attributes = [
        {name: f"{name} {item % (7 + place)}" for place, name in enumerate(names) if item % 5} for item in items
    ]
    candidates = pa.table(
        {
            "item_index": items.astype(np.int32),
            "item_id": ids,
            "category": category,
            "events": events,
            "attributes": pa.array([list(each.items()) for each in attributes], pa.map_(pa.string(), pa.string())),
        }
    )
    pq.write_table(candidates, plan.candidates / "part-0.parquet")
    return plan
