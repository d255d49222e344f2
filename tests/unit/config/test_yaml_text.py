"""YAML that a configuration is read from: what cannot be built is named with its place, and nothing is endless."""

import math
import time
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.file import load_config
from interest_spark.config.yaml_text import MOST_BYTES, YamlError, read_yaml
from interest_spark.foundation.errors import ConfigError

MINIMAL = "warehouse: w\nsources: {events: {path: 'logs/dt={day}/*'}}\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
MERGED_BOMB = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 40))

CANNOT_BE_BUILT = [
    ("ingest: {first_day: 2026-13-45}\n", "line 3, column 21: 'ingest.first_day' is no date or time .got '2026-13-45'"),
    ("ingest: {first_day: 2026-02-30 25:61:61}\n", "'ingest.first_day' is no date or time"),
    ("ingest: {first_day: !!timestamp x}\n", "tag that is not supported"),
    ("train: {epochs: !!int foo}\n", "'train.epochs' is no int .got 'foo'"),
    ("train: {epochs: !!int ''}\n", "'train.epochs' is no int"),
    ("bots: {enabled: !!bool foo}\n", "'bots.enabled' is no bool"),
    ("bots: {min_gap_variation: !!float x}\n", "'bots.min_gap_variation' is no float"),
    ("shop: {time_zone: !!binary VVRD}\n", "tag that is not supported"),
    ("shop: !!set {a, b}\n", "tag that is not supported"),
    ("shop: !!omap [a: 1]\n", "tag that is not supported"),
    ("shop: !!python/name:os.system x\n", "tag that is not supported"),
    (f"train: {{epochs: {'7' * 5000}}}\n", "'train.epochs' is no int .*5002 characters"),
    (f"train: {{epochs: 0x{'f' * 5000}}}\n", "'train.epochs' is no int"),
    (f"train: {{epochs: {'1:' * 300_000}1}}\n", "'train.epochs' is no int"),
    ("train: {epochs: 99999999999999999999}\n", "train.epochs: .*less than or equal to 1000000000"),
    ("ingest: {catch_up_days: 1000000}\n", "ingest.catch_up_days: .*less than or equal to 36525"),
    ("maintain: {keep_days: {events: 1000000000}}\n", "maintain.keep_days.events: .*less than or equal to 36525"),
    ("bots: {min_gap_variation: .inf}\n", "bots.min_gap_variation: .*finite"),
    ("bots: {min_gap_variation: .nan}\n", "bots.min_gap_variation"),
    ("bots: {min_gap_variation: 1e999}\n", "bots.min_gap_variation"),
    ("bots: {min_gap_variation: 'nan'}\n", "bots.min_gap_variation: .*finite"),
    (f"train: {'[' * 5000}\n", "nested more than 32 deep"),
    (f"train: {'{a: ' * 5000}\n", "nested more than 32 deep"),
    ("train:\n" + "".join(' ' * n + '-\n' for n in range(1, 100)), "nested more than 32 deep"),
    (BOMB, "more than 100000 values"),
    (MERGED_BOMB, "more than 100000 values"),
    ("score: {blocked_items: [" + "x," * 200_000 + "]}\n", "more than 100000 values"),
    ("shop: &a {time_zone: *a}\n", "an alias has no anchor before it"),
    ("shop: &a [*a]\n", "an alias has no anchor before it"),
    ("shop: {time_zone: &a [x], b: &a [*a]}\n", "an alias has no anchor before it"),
    ("shop: *nowhere\n", "an alias has no anchor before it"),
    ("shop: {time_zone: UTC}\nshop: {}\n", "line 4, column 1: 'shop' stands twice"),
    ("warehouse: v\n", "line 3, column 1: 'warehouse' stands twice"),
    ("shop: {time_zone: UTC, 'time_zone': UTC}\n", "'shop.time_zone' stands twice"),
    ("5: x\n", "a key is no text"),
    ("train: {5: x}\n", "a key below 'train' is no text"),
    ("? [a, b]\n: x\n", "a key is no text"),
    ("? {a: b}\n: x\n", "a key is no text"),
    ("~: x\n", "a key is no text"),
    ("2026-01-01: x\n", "a key is no text"),
    ("no: x\n", "a key is no text"),
    ("shop: {<<: 5}\n", "<< merges mappings alone"),
    ("shop: {<<: [{}, x]}\n", "<< merges mappings alone"),
    ('shop: {time_zone: "a\\0b"}\n', "'shop.time_zone' holds a NUL character"),
    ('"sh\\0op": {}\n', "holds a NUL character"),
    ('shop: {time_zone: "\\ud800"}\n', "line 3"),
    ("shop: {time_zone: a\x00b}\n", "x00, which YAML forbids"),
    ("shop: {time_zone: \x07}\n", "x07, which YAML forbids"),
    ("---\nshop: {}\n", "another document"),
    ("shop: {\n", "line"),
    ("shop: %x\n", "cannot start any token"),
    ("\tshop: x\n", "line"),
    ("sources: 5\n", "'sources' stands twice"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), CANNOT_BE_BUILT, ids=lambda text: ascii(text)[:40])
def test_what_cannot_be_built_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(MINIMAL + text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_config(path)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("ingest.first_day=2026-13-45", "override of 'ingest.first_day' .*no date or time .got '2026-13-45'"),
        ("train.epochs=!!int foo", "no int"),
        ("train.epochs=" + "7" * 5000, "no int"),
        ("train=" + "[" * 5000, "nested more than 32 deep"),
        ("train={epochs: 1, epochs: 2}", "'train.epochs' stands twice"),
        ("train=" + BOMB.replace("\n", " "), "line 1"),
        ("score.blocked_items=[" + "x," * 200_000 + "]", "more than 100000 values"),
        ("warehouse=" + "w" * (MOST_BYTES + 1), "larger than"),
        ("warehouse=\udcff", r"not UTF-8: it holds \\udcff"),
        ("warehouse=a\x00b", "which YAML forbids"),
        ("warehouse=!!binary eA==", "tag that is not supported"),
        ("sources.root=5", "sources.root: .*valid string .got 5"),
        ("sources.root=[x]", "sources.root: .*valid string .got a list of 1"),
        ("warehouse=*x", "an alias has no anchor"),
        ("warehouse={<<: 5}", "<< merges"),
        ("bots.min_gap_variation=.inf", "finite"),
        (".".join("a" * 5000) + "=1", "unknown key 'a'"),
        ("=5", "has no value"),
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_overrides_are_held_to_the_same(tmp_path: Path, override: str, message: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_config(path, [override])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"warehouse: \xff\xfe", "byte 12 is not UTF-8"),
        (MINIMAL.encode("utf-16"), "byte 1 is not UTF-8"),
        (b"# " + b"x" * MOST_BYTES, "larger than"),
        (b"# " + "茶".encode() * MOST_BYTES, "larger than"),
        (b"", "holds no keys"),
        (b"# nothing\n", "holds no keys"),
    ],
)
def test_a_file_is_utf8_and_of_bounded_size(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_config(path)


@pytest.mark.parametrize("path", ["/dev/zero", "/", "a\0b", "x" * 5000])
def test_what_is_no_file_is_named(path: str) -> None:
    with pytest.raises(ConfigError, match="configuration"):
        load_config(path)


@pytest.mark.parametrize(
    "text", [BOMB, "a:\n- " + BOMB.replace("\n", "\n  "), MERGED_BOMB, "[" * MOST_BYTES, "? " * 500_000]
)
def test_what_grows_costs_little(text: str) -> None:
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(YamlError):
        read_yaml(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.monotonic() - started < 30 and peak < 200 << 20


def test_merge_keys_and_aliases_are_read_as_yaml_has_them(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 1}\nmore: &more {b: 2, c: 2}\nboth: {<<: [*base, *more], a: 0}\nsame: *base\n"
    assert read_yaml(text) == {**yaml.safe_load(text)}
    path = tmp_path / "shop.yaml"
    path.write_text("warehouse: w\nsources: {events: &e {path: e, format: csv}, items: *e}\n", encoding="utf-8")
    sources = load_config(path, ["sources.items.path=i"]).sources
    assert (sources.events.path, sources.items and sources.items.path) == ("e", "i")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False) | st.dates(date(1, 1, 1))
    | TEXT,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(PLAIN)
def test_plain_values_are_read_as_they_were_written(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    assert read_yaml(text) == yaml.load(text, yaml.CSafeLoader)


@given(st.text(max_size=200) | st.text("[]{}:,-?&*!|>'\"%@`#~ \n\tab01.<=", max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        value = read_yaml(text)
    except YamlError as mistake:
        assert str(mistake)
        return
    assert value is None or isinstance(value, dict | list | str | int | float | bool | date)
    assert not isinstance(value, float) or not math.isnan(value) or "nan" in text.lower()
