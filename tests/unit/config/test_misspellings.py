"""A misspelt name, at whatever level, is exit code 2 with the name that was meant."""

from pathlib import Path

import pytest

from interest_spark.config.file import load_config
from interest_spark.foundation.errors import EXIT_USAGE, ConfigError

MINIMAL = "warehouse: w\nsources: {events: {path: x}}\n"
MISSPELT = [
    # keys, from the top down
    ("ingset={}", "ingest"),
    ("source={}", "sources"),
    ("sources.event={path: x}", "events"),
    ("sources.rooot=x", "root"),
    ("sources.events.colums={user_id: x}", "columns"),
    ("sources.events.timezone=UTC", "time_zone"),
    ("sources.events.seperator=;", "separator"),
    ("ingest.max_bad_shares=0.1", "max_bad_share"),
    ("shop.timezone=UTC", "time_zone"),
    ("sources.events.explode={field: items, seperator: ' '}", "separator"),
    ("sources.events.time_offset={field: t, units: hours}", "unit"),
    ("sources.events.cases=[{were: {a: b}, set: {behavior: return}}]", "where"),
    ("sources.events.columns.user_id={joined: [a, b]}", "join"),
    ("sources.events.columns.user_id={field: a, mach: b}", "match"),
    ("profiles.taste={}", "tastes"),
    ("profiles.tastes={cluster: 8}", "clusters"),
    # columns
    ("sources.events.columns={user_idd: x}", "user_id"),
    ("sources.events.columns={behaviour: x}", "behavior"),
    ("sources.items={path: x, columns: {titel: x}}", "title"),
    ("sources.users={path: x, columns: {gendre: x}}", "gender"),
    ("sources.events.constants={behaviuor: view}", "behavior"),
    ("sources.events.whole_numbers=[user_ids]", "user_id"),
    ("sources.events.cases=[{negative: quantity, set: {behavoir: return}}]", "behavior"),
    ("sources.events.cases=[{negative: quantite, set: {behavior: return}}]", "quantity"),
    ("sources.events.strict=[prise]", "price"),
    ("ingest.duplicate_keys=[user_idd]", "user_id"),
    # reasons and behaviors
    ("ingest.tolerated_reasons=[mising_user]", "missing_user"),
    ("ingest.tolerated_reasons=[unknown_behaviour]", "unknown_behavior"),
    ("sources.events.behaviors={x: purchace}", "purchase"),
    ("sources.events.behaviors={x: ignored}", "ignore"),
    ("sources.events.constants={behavior: vieww}", "view"),
    ("sources.events.cases=[{where: {a: b}, set: {behavior: retrun}}]", "return"),
    ("sources.events.without_item=[serach]", "search"),
    ("sequences.behaviors=[purchse]", "purchase"),
    # readers, formats and other choices
    ("sources.events.reader=movie_lens", "movielens"),
    ("sources.items={path: x, reader: online-retail}", "online_retail"),
    ("sources.events.format=json", "jsonl"),
    ("sources.events.format=parqet", "parquet"),
    ("ingest.missing_days=passs", "pass"),
    ("ingest.as_of=arival", "arrival"),
    ("sources.events.time_offset={field: t, unit: hour}", "hours"),
    ("maintain.keep_days={evnts: 3}", "events"),
    # encodings, zones and times
    ("sources.events.encoding=gkb", "gbk"),
    ("sources.events.encoding=latin_2000", "latin-1"),
    ("sources.events.time_zone=Asia/Shangai", "Asia/Shanghai"),
    ("sources.events={path: '{day}', delivery_zone: Europa/Berlin}", "Europe/Berlin"),
    ("shop.time_zone=America/NewYork", "America/New_York"),
    ("shop.time_zone=Shanghai", "Asia/Shanghai"),
    ("sources.events.time_format=unix_msec", "unix_ms"),
    ("sources.events.time_format=ISO", "iso"),
    ("sources.events.time_format=YYYY-MM-DD HH:mm", "yyyy-MM-dd HH:mm"),
    ("sources.events.time_format='%d/%m/%Y %H:%M:%S'", "dd/MM/yyyy HH:mm:ss"),
]


@pytest.mark.parametrize(("override", "meant"), MISSPELT, ids=[override for override, _ in MISSPELT])
def test_the_name_that_was_meant_is_said(tmp_path: Path, override: str, meant: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(path, [override])
    assert raised.value.exit_code == EXIT_USAGE == 2
    assert f"did you mean {meant!r}?" in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    """A shop's own word for a behavior, and any where others are ignored, may be a constant."""
    path = tmp_path / "shop.yaml"
    path.write_text(MINIMAL, encoding="utf-8")
    for behaviors in ("{vieww: view}", "{x: view, '*': ignore}"):
        config = load_config(
            path, [f"sources.events={{path: x, behaviors: {behaviors}, constants: {{behavior: vieww}}}}"]
        )
        assert config.sources.of_events[0].constants == {"behavior": "vieww"}
