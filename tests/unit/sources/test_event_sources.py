"""Several sources of events in one deployment: mapped each for itself, conserved and deduplicated together."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.config.file import document_of, load_config
from interest_spark.config.sources import SourcesConfig
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.sources.event_sources import find_event_deliveries
from tests.unit.sources.mapped_rows import DAY, Ingested, valid, write

CLICKS = {
    "path": "clicks/{day}.csv",
    "format": "csv",
    "columns": {"user_id": "sid", "item_id": "iid", "event_time": "ts"},
    "constants": {"behavior": "view"},
}
BUYS = {
    "path": "buys/{day}.jsonl",
    "columns": {"user_id": "who", "item_id": "what", "event_time": "at"},
    "constants": {"behavior": "purchase"},
    "time_format": "unix_s",
}
AT = 1_769_767_200  # 2026-01-30 10:00:00 UTC


def a_click(user: str, item: str) -> str:
    return f"{user},{item},2026-01-30 10:00:00"


def test_each_source_is_read_by_its_own_mapping(tmp_path: Path) -> None:
    write(tmp_path / f"clicks/{DAY}.csv", [a_click("1", "A"), a_click("1", "A"), ",A,"], header="sid,iid,ts")
    write(tmp_path / f"buys/{DAY}.jsonl", [{"who": "1", "what": "A", "at": AT}, {"who": "1", "what": "A", "at": AT}])
    found = Ingested(tmp_path, [CLICKS, BUYS])
    assert found.events.select("user_id", "item_id", "behavior").rows() == [("1", "A", "view"), ("1", "A", "purchase")]
    names = ("raw_lines", "accepted", "duplicates", "quarantined")
    counts = {
        Path(row["source_file"]).parent.name: tuple(row[name] for name in names) for row in found.ledger.to_dicts()
    }
    assert counts == {"clicks": (3, 1, 1, 1), "buys": (2, 1, 1, 0)}


def test_an_event_that_two_sources_tell_counts_once(tmp_path: Path) -> None:
    orders = {**BUYS, "path": "orders/{day}.jsonl"}
    for folder in ("buys", "orders"):
        write(tmp_path / f"{folder}/{DAY}.jsonl", [{"who": "1", "what": "A", "at": AT}])
    found = Ingested(tmp_path, [BUYS, orders])
    assert (found.totals()["accepted"], found.totals()["duplicates"]) == (1, 1)
    assert found.events["source_file"][0].endswith(f"buys/{DAY}.jsonl")  # the first source of the configuration


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["1", "2", ""]), st.sampled_from("AB")), max_size=12))
def test_lines_of_all_sources_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[bool, str, str]]
) -> None:
    root = tmp_path_factory.mktemp("sources")
    clicks = [a_click(user, item) for is_click, user, item in lines if is_click]
    buys = [{"who": user, "what": item, "at": AT} for is_click, user, item in lines if not is_click]
    write(root / f"clicks/{DAY}.csv", clicks, header="sid,iid,ts")
    write(root / f"buys/{DAY}.jsonl", buys)
    found = Ingested(root, [CLICKS, BUYS]).totals()
    distinct = {line for line in lines if line[1]}
    assert found["raw_lines"] == len(lines)
    assert found["accepted"] == len(distinct)
    assert found["quarantined"] == sum(not user for _, user, _ in lines)
    assert found["duplicates"] == len(lines) - found["accepted"] - found["quarantined"]


def test_a_source_that_brought_nothing_is_named(tmp_path: Path) -> None:
    write(tmp_path / f"clicks/{DAY}.csv", [a_click("1", "A")], header="sid,iid,ts")
    sources = SourcesConfig.model_validate({"root": str(tmp_path), "events": [CLICKS, BUYS]})
    with pytest.raises(BadDataError, match=r"buys/2026-01-30\.jsonl.*correct sources\.events\.1\.path"):
        find_event_deliveries(sources, last=date.fromisoformat(DAY))
    found = find_event_deliveries(sources, last=date.fromisoformat(DAY), required=False)
    assert [each.source for each in found] == [0]


def test_a_file_of_two_sources_would_count_twice(tmp_path: Path) -> None:
    write(tmp_path / f"clicks/{DAY}.csv", [a_click("1", "A")], header="sid,iid,ts")
    again = {**CLICKS, "path": "*/{day}.csv"}
    with pytest.raises(BadDataError, match=r"matches sources\.events\.0\.path and sources\.events\.1\.path"):
        Ingested(tmp_path, [CLICKS, again])


def test_one_mapping_stays_what_it_was() -> None:
    config = valid({"events": CLICKS})
    assert document_of(config)["sources"]["events"] == CLICKS
    assert (config.sources.key_of(0), config.sources.by_day) == ("sources.events", True)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ("[]", "list at least one source"),
        ("[{path: '{day}/a'}, {path: b}]", "or none"),
        ("[{path: a, colums: {}}]", "unknown key 'sources.events.0.colums'; did you mean 'columns'"),
        ("[{path: a}, {path: b, columns: {user: x}}]", "events.1.columns has the unknown column 'user'; did you mean"),
        ("{path: a, columns: {user_id: []}}", "this is no field"),
        ("{path: a, columns: {user_id: 7}}", "this is no field"),
        ("{path: a, columns: {event_time: {joined: [d, t]}}}", "did you mean 'join'?"),
        ("{path: a, cases: [{set: {behavior: return}}]}", "a case needs a condition"),
        ("{path: a, cases: [{negative: quantity, set: {behaviour: return}}]}", "did you mean 'behavior'"),
        ("{path: a, cases: [{negative: quantite, set: {behavior: return}}]}", "quantity"),
        ("{path: a, explode: items}", "map one to items.<name>"),
        ("{path: a, explode: {field: i, parts: '-'}, columns: {item_id: i}}", "say with separator"),
        ("{path: a, time_year: 2026}", "time_year is for times without a year"),
        ("{path: a, time_format: MMdd, time_year: 26}", "1970"),
        ("{path: a, strict: [prise]}", "did you mean 'price'"),
        ("{path: a, without_item: [serch]}", "did you mean 'search'"),
        ("{path: a, behaviors: {x: ignored}}", "not 'ignore'"),
        ("{path: a, time_offset: {field: t, unit: hour}}", "hours"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, events: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"warehouse: wh\nsources: {{events: {events}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    assert message in str(raised.value), raised.value


def test_an_override_reaches_a_single_mapping_and_takes_numbers_for_names(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("warehouse: wh\nsources: {events: {path: a}}\n", encoding="utf-8")
    config: Any = load_config(path, ["sources.events.columns.user_id=7", "sources.events.where.a.b=[1, x]"])
    assert config.sources.events.columns == {"user_id": "7"}
    assert config.sources.events.where == {"a.b": ("1", "x")}
