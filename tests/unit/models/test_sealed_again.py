"""Bundles that somebody has changed and sealed again, so that every sum is right: exit code 3 and one sentence."""

import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interest_spark.foundation.errors import BadDataError
from interest_spark.models.inference import load_encoder
from interest_spark.storage.bundles import check_bundle, read_bundle
from interest_spark.storage.damage import read_bytes
from interest_spark.storage.sealed import check_sealed, write_sealed
from tests.histories import as_histories
from tests.integration.warehouse_world import write_model

FILES = ("config.json", "items.parquet", "weights.npz")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundles") / "v"
    write_model(path, [2, 3, 5], 6, "v", inputs=("hour",))
    return path


@pytest.fixture
def bundle(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "v"))


def seal(bundle: Path, **changes: Any) -> None:
    """Write a manifest that is right about every file."""
    sums = {name: hashlib.sha256((bundle / name).read_bytes()).hexdigest() for name in FILES if _is_file(bundle / name)}
    (bundle / "manifest.json").write_text(json.dumps({"format": 1, "sha256": sums, **changes}))


def _is_file(path: Path) -> bool:
    return path.is_file()


def refused(bundle: Path) -> str:
    with pytest.raises(BadDataError) as error:
        load_encoder(bundle)
    text = str(error.value)
    assert str(bundle) in text
    assert "interest train" in text
    assert "\n" not in text
    assert len(text) < 900
    return text


def test_a_bundle_that_was_sealed_again_unchanged_is_read(bundle: Path) -> None:
    seal(bundle)
    assert load_encoder(bundle).encode(as_histories([[2, 3]])).any()


# Manifests -----------------------------------------------------------------------------------

SUM = "0" * 64
MANIFESTS = [
    "",
    "{",
    "[]",
    "null",
    "3",
    '"text"',
    "{}",
    '{"format": 1}',
    '{"format": 1, "sha256": null}',
    '{"format": 1, "sha256": []}',
    '{"format": 1, "sha256": {}}',
    '{"format": 1, "sha256": 3}',
    '{"format": 1, "format": 1, "sha256": {}}',
    '{"format": 2, "sha256": {}}',
    '{"format": "1", "sha256": {}}',
    '{"format": true, "sha256": {}}',
    '{"format": 1.0, "sha256": {}}',
    '{"format": null, "sha256": {}}',
    '{"format": 1, "sha256": {}, "more": 1}',
    '{"format": 1, "sha256": {"weights.npz": 3, "config.json": null, "items.parquet": []}}',
    f'{{"format": 1, "sha256": {{"weights.npz": "{SUM}", "config.json": "{SUM}"}}}}',
    f'{{"format": 1, "sha256": {{"../weights.npz": "{SUM}", "config.json": "{SUM}", "items.parquet": "{SUM}"}}}}',
    f'{{"format": 1, "sha256": {{"/etc/passwd": "{SUM}"}}}}',
    "[" * 100_000,
    '{"format":' * 50_000,
    '{"format": ' + "1" * 5_000 + "}",
    "\0",
    "\N{BYTE ORDER MARK}{}",
    " " * (2 << 20),
]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda text: text[:50])
def test_a_manifest_that_says_other_things_is_named(bundle: Path, manifest: str) -> None:
    (bundle / "manifest.json").write_text(manifest)
    assert "manifest.json" in refused(bundle) or "format" in refused(bundle)


@pytest.mark.parametrize("found", [0, 2, "1", True, None, 1.0, [1], 10**30])
def test_a_format_of_another_release_is_named_as_such(bundle: Path, found: Any) -> None:
    seal(bundle, format=found)
    assert f"format {found!r} is not 1, the one of this release" in refused(bundle)


def test_what_a_manifest_lacks_and_lists_is_named(bundle: Path) -> None:
    (bundle / "items.parquet").unlink()
    seal(bundle)
    assert "manifest.json does not list items.parquet" in refused(bundle)
    (bundle / "manifest.json").write_text(json.dumps({"format": 1, "sha256": dict.fromkeys([*FILES, "code.py"], SUM)}))
    assert "manifest.json lists 'code.py'" in refused(bundle)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("damage", [pipe, folder, device, Path.unlink])
def test_what_is_no_file_is_named(bundle: Path, damage: Callable[[Path], None], name: str) -> None:
    damage(bundle / name)
    assert name in refused(bundle)


# Cards ---------------------------------------------------------------------------------------


def change_card(bundle: Path, **changes: Any) -> None:
    card = json.loads((bundle / "config.json").read_text())
    for key, value in changes.items():
        *above, last = key.split("__")
        place = card
        for each in above:
            place = place[each]
        place[last] = value
    (bundle / "config.json").write_text(json.dumps(card))
    seal(bundle)


CARDS: list[dict[str, Any]] = [
    *(
        {"vocabulary_size": value}
        for value in (0, -1, 5, 7, 2**31, 10**12, 10**30, "six", None, 6.5, [6], float("nan"))
    ),
    *({"max_length": value} for value in (0, -1, 15, 17, 10**12, None, "long")),
    *({"network__dim": value} for value in (0, -1, 4, 16, 10**9, 10**30, "wide", None)),
    *({"network__layers": value} for value in (0, 2, 10**6, 10**18)),
    *({"network__heads": value} for value in (0, 3, 16)),
    *({"network__feed_forward": value} for value in (0, 1, 10**12)),
    *({"network__inputs": value} for value in ([], ["weekday"], ["hour", "hour"], ["category"], "hour", [3], ["code"])),
    *({"network__kind": value} for value in ("gru", "os", "../os", "", None, 3)),
    *({"network__norm": value} for value in ("none", None)),
    *({"network__activation": value} for value in ("eval", "swiglu")),
    {"network__tied_output": False},
    {"network__dropout": {"embedding": 2}},
    {"network__more": 1},
    *({"network": value} for value in (None, [], "sasrec", 3)),
    *({"columns": value} for value in (None, [], {"more": 1})),
    *({"columns__time_zone": value} for value in ("Mars/Olympus", "", "../../etc/passwd", "\0", 3, None)),
    *({"columns__session_gap_minutes": value} for value in (0, "x")),
    *({"model_version": value} for value in (None, 3, [])),
    *({key: None} for key in ("trained_through", "seed", "epochs", "steps", "loss")),
    {"more": 1},
]


@pytest.mark.parametrize("changes", CARDS, ids=str)
def test_a_card_that_describes_another_network_is_refused(bundle: Path, changes: dict[str, Any]) -> None:
    change_card(bundle, **changes)
    refused(bundle)


TEXTS = ["", "{", "[]", "null", "3", "{}", "[" * 100_000, '{"network":' * 50_000, '{"a": 1, "a": 2}', "\0", "9" * 5_000]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
def test_a_card_that_is_none_is_refused(bundle: Path, text: str) -> None:
    (bundle / "config.json").write_text(text)
    seal(bundle)
    refused(bundle)


def test_a_card_that_gives_a_key_twice_is_refused(bundle: Path) -> None:
    card = (bundle / "config.json").read_text().rstrip().removesuffix("}")
    (bundle / "config.json").write_text(card + ', "seed": 4}')
    seal(bundle)
    assert "it gives 'seed' twice" in refused(bundle)


# Weights -------------------------------------------------------------------------------------

Arrays = dict[str, Any]


def change_weights(bundle: Path, change: Callable[[Arrays], None]) -> None:
    with np.load(bundle / "weights.npz") as held:
        arrays: Arrays = dict(held)
    change(arrays)
    np.savez(bundle / "weights.npz", **arrays)
    seal(bundle)


def with_number(number: float) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays["items"][3, 1] = number

    return change


WEIGHTS: dict[str, Callable[[Arrays], object]] = {
    "NaN": with_number(np.nan),
    "infinite": with_number(-np.inf),
    "one is missing": lambda arrays: arrays.pop("items"),
    "none": lambda arrays: arrays.clear(),
    "one more": lambda arrays: arrays.update(more=np.zeros(3, np.float32)),
    "another name": lambda arrays: arrays.update(other=arrays.pop("norm/gain")),
    "fewer rows": lambda arrays: arrays.update(items=arrays["items"][:-1]),
    "more rows": lambda arrays: arrays.update(items=np.ones((9, 8), np.float32)),
    "turned": lambda arrays: arrays.update(items=arrays["items"].T),
    "flat": lambda arrays: arrays.update(items=arrays["items"].ravel()),
    "a number": lambda arrays: arrays.update(items=np.float32(1)),
    "doubles": lambda arrays: arrays.update(items=arrays["items"].astype(np.float64)),
    "halves": lambda arrays: arrays.update(items=arrays["items"].astype(np.float16)),
    "whole numbers": lambda arrays: arrays.update(items=np.ones((6, 8), np.int64)),
    "complex": lambda arrays: arrays.update(items=np.ones((6, 8), np.complex64)),
    "texts": lambda arrays: arrays.update(items=np.full((6, 8), "x")),
    "times": lambda arrays: arrays.update(items=np.full((6, 8), "2026-01-01", "datetime64[s]")),
    "records": lambda arrays: arrays.update(items=np.zeros((6, 8), [("a", "f4")])),
    "nothing": lambda arrays: arrays.update(items=np.zeros((0, 8), np.float32)),
    "the other byte order": lambda arrays: arrays.update(items=np.full((6, 8), np.nan, ">f4")),
}


@pytest.mark.parametrize("change", WEIGHTS)
def test_other_weights_are_refused(bundle: Path, change: str) -> None:
    def apply(arrays: Arrays) -> None:
        WEIGHTS[change](arrays)

    change_weights(bundle, apply)
    refused(bundle)


def test_objects_are_never_unpickled(bundle: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
            return Path.touch, (bundle / "harm",)  # type: ignore[return-value]

    change_weights(bundle, lambda arrays: arrays.update(items=np.array([Harm()], object)))
    refused(bundle)
    assert not (bundle / "harm").exists()


def npy(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


HEADERS = {
    "larger than it is": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 80), }", bytes(192)),
    "larger than any machine": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10**9, 10**9), }", bytes(192)),
    "huge": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 8), }", bytes(192)),
    "negative": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-6, -8), }", bytes(192)),
    "smaller than it is": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 8), }", bytes(400)),
    "code": npy("__import__('os').abort()", bytes(192)),
    "no header": npy("", bytes(192)),
    "deep": npy("(" * 110, bytes(192)),
    "an object": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"cos\nabort\n(tR."),
    "a version to come": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6, 8), }", bytes(192), b"\x09\x00"),
    "not an array": b"x" * 300,
    "empty": b"",
}


@pytest.mark.parametrize("header", HEADERS)
def test_an_array_that_is_not_what_it_says_is_refused(bundle: Path, header: str) -> None:
    with zipfile.ZipFile(bundle / "weights.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["items.npy"] = HEADERS[header]
    write_archive(bundle, members)
    assert "weights.npz" in refused(bundle)


def write_archive(bundle: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(bundle / "weights.npz", "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    seal(bundle)


def test_an_archive_that_unpacks_to_more_than_it_has_is_refused(bundle: Path) -> None:
    zeros = io.BytesIO()
    np.save(zeros, np.zeros((20_000_000,), np.float32))
    write_archive(bundle, {"items.npy": zeros.getvalue()}, zipfile.ZIP_DEFLATED)
    assert (bundle / "weights.npz").stat().st_size < 100_000
    assert "'items.npy' is no array as np.savez stores it" in refused(bundle)


def test_an_archive_with_an_array_twice_is_refused(bundle: Path) -> None:
    with zipfile.ZipFile(bundle / "weights.npz", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("items.npy", archive.read("items.npy"))
    seal(bundle)
    assert "holds an array twice" in refused(bundle)


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 1000, b"PK\x05\x06" + bytes(18)])
def test_weights_that_are_no_archive_are_refused(bundle: Path, content: bytes) -> None:
    (bundle / "weights.npz").write_bytes(content)
    seal(bundle)
    refused(bundle)


# Items ---------------------------------------------------------------------------------------


def items(index: list[Any], ids: list[Any], kind: pa.DataType | None = None) -> pa.Table:
    return pa.table({"item_index": pa.array(index, kind or pa.int32()), "item_id": pa.array(ids, pa.string())})


ITEMS = {
    "beyond the vocabulary": items([2, 3, 6], ["a", "b", "c"]),
    "negative": items([-1, 3, 5], ["a", "b", "c"]),
    "padding": items([0, 3, 5], ["a", "b", "c"]),
    "the unknown": items([1, 3, 5], ["a", "b", "c"]),
    "descending": items([3, 2], ["a", "b"]),
    "a number twice": items([2, 2], ["a", "b"]),
    "an id twice": items([2, 3], ["a", "a"]),
    "no number": items([2, None], ["a", "b"]),
    "no id": items([2, 3], ["a", None]),
    "other numbers": items([2, 3], ["a", "b"], pa.int64()),
    "fractions": items([2, 3], ["a", "b"], pa.float32()),
    "without ids": pa.table({"item_index": pa.array([2, 3], pa.int32())}),
    "without numbers": pa.table({"item_id": ["a"]}),
    "another column": items([2], ["a"]).append_column("more", pa.array([1])),
    "nothing at all": pa.table({}),
}


@pytest.mark.parametrize("table", ITEMS)
def test_a_vocabulary_that_does_not_match_is_refused(bundle: Path, table: str) -> None:
    pq.write_table(ITEMS[table], bundle / "items.parquet")
    seal(bundle)
    refused(bundle)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 1000, b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1"])
def test_items_that_are_no_parquet_are_refused(bundle: Path, content: bytes) -> None:
    (bundle / "items.parquet").write_bytes(content)
    seal(bundle)
    assert "items.parquet" in refused(bundle)


def test_a_text_that_is_no_utf8_is_refused(bundle: Path) -> None:
    broken = pa.array([b"\xff\xfe"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"item_index": pa.array([2], pa.int32()), "item_id": broken}), bundle / "items.parquet")
    seal(bundle)
    refused(bundle)


# In general ----------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_of_any_file_may_change(good: Path, bundle: Path, data: st.DataObject) -> None:
    """The model as it is, or BadDataError naming the bundle: a changed weight cannot be told from a trained one."""
    name = data.draw(st.sampled_from(FILES))
    content = bytearray((good / name).read_bytes())
    place, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 30))
    content[place : place + length] = data.draw(st.binary(max_size=30))
    (bundle / name).write_bytes(content)
    seal(bundle)
    try:
        load_encoder(bundle)
    except BadDataError as error:
        assert str(bundle) in str(error)
    finally:
        shutil.copy(good / name, bundle / name)


def test_a_bundle_that_is_missing_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "nothing")
    with pytest.raises(BadDataError, match="nothing"):
        check_bundle(tmp_path / "nothing")


def test_a_sealed_folder_takes_no_link_s_place(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "sealed").symlink_to(tmp_path / "outside")
    (tmp_path / "file").write_text("mine")
    for name in ("sealed", "file"):
        with pytest.raises(BadDataError, match=f"{name} is no folder .* move it away"):
            write_sealed(tmp_path / name, lambda folder: None)
    assert (tmp_path / "file").read_text() == "mine"
    assert not list((tmp_path / "outside").iterdir())


def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file"):
        read_bytes(tmp_path / "pipe", 10)
    with pytest.raises(BadDataError, match=r"manifest\.json cannot be read"):
        check_sealed(tmp_path, {"text"}, "folder", "write it again")
    with pytest.raises(BadDataError):
        read_bundle(tmp_path)
