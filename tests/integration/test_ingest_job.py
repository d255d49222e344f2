"""Ingest: every raw line is accounted for once, bad input is named, and reruns change nothing."""

import gzip
import json
import os
import shutil
from collections import Counter
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyarrow import orc

from interest_spark.config.deployment import Config
from interest_spark.foundation.errors import BadDataError, ConfigError
from interest_spark.pipeline.context import RunContext
from interest_spark.pipeline.report import Outcome
from interest_spark.storage.warehouse import Warehouse
from tests.log_files import deliver, event, shop_config, write_lines
from tests.runs import run_job

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.usefixtures("spark")
DAY = "2026-01-02"


def run(config: Config, day: str = DAY) -> Outcome:
    return run_job("ingest", RunContext(config, date.fromisoformat(day)))


def rows(config: Config, table: str, **selection: Any) -> list[dict[str, Any]]:
    return Warehouse(config.warehouse).read_small(table, **selection).to_pylist()


def ledger(config: Config) -> list[tuple[int, int, int, int]]:
    names = ("raw_lines", "accepted", "duplicates", "quarantined")
    return sorted(tuple(row[name] for name in names) for row in rows(config, "ingest_ledger"))


# One broken line a reason; each stands alone, so that a line refused for another reason fails.
BROKEN: list[tuple[Any, str]] = [
    (b"", "empty_line"),
    (b"   ", "empty_line"),
    (b'{"user_id": "' + b"x" * 10_000_000 + b'"}', "line_too_long"),
    (b'{"user_id": "u\0"}', "nul_byte"),
    (b'{"user_id": "\xff\xfe"}', "invalid_utf8"),
    ('{"user_id": "u1", "item', "not_json"),
    ('{"user_id": "u1"}{"user_id": "u2"}', "not_json"),
    ("[]", "not_an_object"),
    (event(user_id=None), "missing_user"),
    (event(user_id=" "), "missing_user"),
    (event(user_id=None, item_id=None, event_time="never"), "missing_user"),
    (event(item_id=""), "missing_item"),
    (event(behavior=None), "missing_behavior"),
    (event(behavior="stare"), "unknown_behavior"),
    (event(event_time=None), "missing_time"),
    (event(event_time="yesterday"), "bad_time"),
    (event(event_time="2026-13-01T00:00:00Z"), "bad_time"),
    (event(event_time="2026"), "bad_time"),
    (event(event_time="2026-01-03T00:00:00.000Z"), "time_out_of_range"),
    (event(event_time="2025-12-25T23:59:59.999Z"), "time_out_of_range"),
    (event(event_time="9999-12-31T23:59:59Z"), "time_out_of_range"),
    (event(quantity=-1), "bad_quantity"),
    (event(quantity="two"), "bad_quantity"),
    (event(price=-0.01), "bad_price"),
    (event(price="NaN"), "bad_price"),
    ('{"user_id":"u","item_id":"i","behavior":"view","event_time":"2026-01-02T10:00:00Z","price":NaN}', "bad_price"),
    ('{"user_id":Infinity,"item_id":"i","behavior":"view","event_time":"2026-01-02T10:00:00Z"}', "not_json"),
    (
        '{"user_id":"u","item_id":"i","behavior":"view","event_time":"2026-01-02T10:00:00Z","user_id":"v"}',
        "duplicate_key",
    ),
    ('{"user_id":' + "[" * 499 + "]" * 500 + "}", "not_json"),
    ('{"user_id":' + "[" * 979 + "]" * 979 + "}", "not_json"),
    ('{"query":' + "[" * 979 + "]" * 979 + "}", "not_json"),
    ('{"user_id":' + "[" * 100_000 + "]" * 100_000 + "}", "not_json"),
    ('{"user_id":"u","item_id":"i","behavior":"view","event_time":"2026-01-02T10:00:00Z","price":1e400}', "bad_price"),
    ('{"user_id":"u","item_id":"i","behavior":"view","event_time":"2026-01-02T10:00:00Z","price":-1e400}', "bad_price"),
    (event(rating="good"), "bad_rating"),
]


def test_every_broken_line_lands_in_quarantine_with_its_own_reason(tmp_path: Path) -> None:
    path = deliver(tmp_path, DAY, [event(), *(line for line, _ in BROKEN)], name="part-0.jsonl.gz")
    strict = {"path": "events/dt={day}/*", "strict": ["quantity", "price", "rating"]}
    config = shop_config(tmp_path, sources={"events": strict})
    assert run(config).rows["events"] == 1
    found = {row["source_line"]: row["reason"] for row in rows(config, "quarantine")}
    assert found == {number: reason for number, (_, reason) in enumerate(BROKEN, start=2)}
    assert {row["source_file"] for row in rows(config, "quarantine")} == {str(path)}
    written = gzip.decompress(path.read_bytes()).split(b"\n")
    for row in rows(config, "quarantine"):
        line = written[row["source_line"] - 1].decode(errors="backslashreplace")
        assert row["raw"][:1_000] == line[:1_000]
    assert ledger(config) == [(len(BROKEN) + 1, 1, 0, len(BROKEN))]


LINES = st.lists(
    st.one_of(
        st.builds(event, user_id=st.sampled_from(["a", "b", None, ""]), item_id=st.sampled_from(["x", "y", None])),
        st.builds(event, price=st.sampled_from([1, "NaN", None]), session_id=st.sampled_from([None, "s"])),
        st.binary(max_size=20).map(lambda line: line.replace(b"\n", b" ").replace(b"\r", b" ")),
    ),
    max_size=40,
)


# Each example is a Spark job, so a failing one is shown as it is, not shrunk.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(LINES, min_size=1, max_size=3))
def test_raw_lines_are_accepted_duplicates_or_quarantined_exactly(tmp_path: Path, files: list[list[Any]]) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    raw = Counter()
    for number, lines in enumerate(files):
        path = deliver(tmp_path, DAY, ["{}", *lines], name=f"part-{number}.jsonl")
        raw[str(path)] = path.read_bytes().count(b"\n")
    config = shop_config(tmp_path)
    run(config)
    counted = {row["source_file"]: row for row in rows(config, "ingest_ledger")}
    accepted = Counter(row["source_file"] for row in rows(config, "events"))
    quarantined = Counter(row["source_file"] for row in rows(config, "quarantine"))
    assert {path: row["raw_lines"] for path, row in counted.items()} == raw
    for path, row in counted.items():
        assert row["accepted"] == accepted[path]
        assert row["quarantined"] == quarantined[path]
        assert row["raw_lines"] == row["accepted"] + row["duplicates"] + row["quarantined"]


def test_strange_but_legal_ids_survive_exactly(tmp_path: Path) -> None:
    ids = ["用户一", "🛒🛒", "0b8e7c1e-3d67-4f7a-9f63-2c1b7e7a0a11", "18446744073709551999", "a,b\"c'", "ÄÖ", "i'd%"]
    lines = [event(user_id=name, item_id=name) for name in ids]
    lines.append('{"user_id":36893488147419103233,"item_id":7,"behavior":"view","event_time":"2026-01-02T10:00:00Z"}')
    deliver(tmp_path, DAY, lines)
    config = shop_config(tmp_path)
    run(config)
    found = sorted((row["user_id"], row["item_id"]) for row in rows(config, "events"))
    assert found == sorted([*((name, name) for name in ids), ("36893488147419103233", "7")])


def test_copies_are_counted_within_and_across_days(tmp_path: Path) -> None:
    config = shop_config(tmp_path)
    deliver(tmp_path, DAY, [event(), event(), event(price=None), event(price=None), event(session_id="s")])
    assert run(config).rows["events"] == 3
    deliver(tmp_path, "2026-01-05", [event(), event(item_id="new"), event(price=None)])
    assert run(config, "2026-01-05").rows["events"] == 1
    assert ledger(config) == [(3, 1, 2, 0), (5, 3, 2, 0)]


def test_a_late_event_belongs_to_the_day_it_arrived(tmp_path: Path) -> None:
    config = shop_config(tmp_path)
    deliver(tmp_path, "2026-01-05", [event(), event(event_time="2026-01-05T23:59:59.999999Z", item_id="i2")])
    run(config, "2026-01-05")
    assert len(rows(config, "events", day="2026-01-05")) == 2


def test_the_second_run_does_nothing_and_a_new_delivery_is_taken_in(tmp_path: Path) -> None:
    config = shop_config(tmp_path)
    deliver(tmp_path, DAY, [event()])
    assert run(config).status == "done"
    assert run(config).status == "nothing_to_do"
    deliver(tmp_path, DAY, [event(item_id="i2")], name="part-1.jsonl")
    assert run(config).rows["events"] == 2
    assert len(rows(config, "events")) == 2


def test_catching_up_gives_what_day_by_day_gives(tmp_path: Path) -> None:
    for day in ("2026-01-02", "2026-01-03", "2026-01-05"):
        own = event(event_time=f"{day}T01:00:00Z", user_id=day)
        deliver(tmp_path, day, [own, event(), event(event_time="2026-01-01T00:00:00Z"), "broken"])
    one = shop_config(tmp_path, warehouse=str(tmp_path / "one"))
    for day in ("2026-01-02", "2026-01-03", "2026-01-05"):
        run(one, day)
    batch = shop_config(tmp_path, warehouse=str(tmp_path / "batch"), ingest={"catch_up_days": 10})
    run(batch, "2026-01-05")
    for table in ("events", "quarantine", "ingest_ledger"):
        for day in ("2026-01-02", "2026-01-03", "2026-01-05"):
            first, second = (sorted(map(str, rows(config, table, day=day))) for config in (one, batch))
            assert first == second, (table, day)
    assert run(batch, "2026-01-05").status == "nothing_to_do"


def test_a_changed_earlier_day_is_read_again_with_the_days_after_it(tmp_path: Path) -> None:
    config = shop_config(tmp_path, ingest={"catch_up_days": 10})
    deliver(tmp_path, "2026-01-02", [event()])
    deliver(tmp_path, "2026-01-03", [event(), event(item_id="i2")])
    run(config, "2026-01-03")
    deliver(tmp_path, "2026-01-02", [event(item_id="i2")], name="more.jsonl")
    run(config, "2026-01-03")
    assert sorted(row["item_id"] for row in rows(config, "events")) == ["i1", "i2"]


def test_a_day_without_events_is_published_empty(tmp_path: Path) -> None:
    deliver(tmp_path, DAY, [])
    config = shop_config(tmp_path)
    assert run(config).rows["events"] == 0
    assert Warehouse(config.warehouse).days("events") == [DAY]


def nothing_published(config: Config) -> bool:
    return all(Warehouse(config.warehouse).version(table) == -1 for table in ("events", "quarantine", "ingest_ledger"))


@pytest.mark.parametrize("made", ["no folder", "empty folder"])
def test_a_missing_or_empty_delivery(tmp_path: Path, made: str) -> None:
    if made == "empty folder":
        (tmp_path / "raw/events" / f"dt={DAY}").mkdir(parents=True)
    config = shop_config(tmp_path)
    with pytest.raises(BadDataError, match=rf"no raw files match .*dt={DAY}.*sources\.events\.path"):
        run(config)
    assert nothing_published(config)


def test_a_day_on_which_nothing_was_collected_goes_by_where_that_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(tmp_path, DAY, [event()])
    config = shop_config(tmp_path, ingest={"missing_days": "pass"})
    run(config)
    assert run(config, "2026-01-03").rows.get("events", 0) == 0
    assert "nothing was delivered for the day" in "".join(capsys.readouterr())  # wherever other tests have sent the log
    assert run_job("sequences", RunContext(config, date(2026, 1, 3))).rows["sequences"] == 1
    with pytest.raises(BadDataError, match=r"ingest\.missing_days: pass"):
        run(shop_config(tmp_path), "2026-01-03")


def test_clocks_of_devices_may_run_ahead_so_far(tmp_path: Path) -> None:
    ahead = [event(event_time=f"2026-01-03T00:0{minutes}:00Z") for minutes in (0, 4, 5)]
    deliver(tmp_path, DAY, [event(), *ahead])
    config = shop_config(tmp_path, ingest={"max_early_seconds": 300, "max_bad_share": 1.0})
    assert run(config).rows["events"] == 3
    assert [row["reason"] for row in rows(config, "quarantine")] == ["time_out_of_range"]


def test_a_gzip_file_cut_in_the_middle(tmp_path: Path) -> None:
    path = deliver(tmp_path, DAY, [event(session_id=str(n)) for n in range(5000)], name="cut.jsonl.gz")
    deliver(tmp_path, DAY, [event()], name="good.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    config = shop_config(tmp_path)
    with pytest.raises(BadDataError, match=r"cut\.jsonl\.gz is a gzip file cut off after line \d+.*deliver it again"):
        run(config)
    assert nothing_published(config)
    path.write_bytes(whole)
    assert run(config).rows["events"] == 5001


def test_a_csv_without_a_mapped_column(tmp_path: Path) -> None:
    write_lines(tmp_path / "raw/log.csv", ["who,what,when", "u,i,2026-01-02T00:00:00Z"])
    columns = {"user_id": "who", "item_id": "what", "event_time": "time"}
    source = {"path": "log.csv", "format": "csv", "columns": columns, "constants": {"behavior": "view"}}
    config = shop_config(tmp_path, sources={"events": source})
    with pytest.raises(BadDataError, match=r"log\.csv has no column 'time'; its header is 'who,what,when'"):
        run(config)
    assert nothing_published(config)


def test_a_mapped_csv_needs_no_code(tmp_path: Path) -> None:
    lines = ["谁;货;时;动作", '甲;"a;b";1767348000000;购买', "乙;c;1767348000000;看", "丙;c;1767348000000;想"]
    write_lines(tmp_path / "raw/log.csv", lines)
    source = {
        "path": "log.csv",
        "format": "csv",
        "separator": ";",
        "columns": {"user_id": "谁", "item_id": "货", "event_time": "时", "behavior": "动作"},
        "behaviors": {"购买": "purchase", "看": "view"},
        "time_format": "unix_ms",
    }
    config = shop_config(tmp_path, sources={"events": source})
    run(config)
    found = sorted((row["user_id"], row["item_id"], row["behavior"]) for row in rows(config, "events"))
    assert found == [("乙", "c", "view"), ("甲", "a;b", "purchase")]
    assert [row["reason"] for row in rows(config, "quarantine")] == ["unknown_behavior"]


def test_a_whole_history_is_judged_as_one_delivery(tmp_path: Path) -> None:
    lines = [event(event_time=f"2026-01-01T10:00:{second:02}Z") for second in range(57)]
    write_lines(tmp_path / "raw/log.jsonl", [*lines, *[event(event_time=None)] * 3])
    source = {"events": {"path": "log.jsonl"}}
    config = shop_config(tmp_path, sources=source, ingest={"max_bad_share": 0.05})
    assert run(config).rows == {"events": 57, "quarantine": 3, "ingest_ledger": 2}
    strict = shop_config(tmp_path, sources=source, ingest={"max_bad_share": 0.04}, warehouse=str(tmp_path / "strict"))
    with pytest.raises(BadDataError, match=r"the whole history: 5\.0% .*\(missing_time 3\)"):
        run(strict)


def test_too_many_bad_lines_publish_nothing_unless_the_reason_is_tolerated(tmp_path: Path) -> None:
    deliver(tmp_path, DAY, [event(session_id=str(n)) for n in range(8)] + [event(user_id=None)] * 2)
    strict = shop_config(tmp_path, ingest={"max_bad_share": 0.1})
    with pytest.raises(BadDataError, match=r"20\.0% .*ingest\.max_bad_share 10\.0% \(missing_user 2\)") as raised:
        run(strict)
    assert nothing_published(strict)
    assert "For example missing_user: " in str(raised.value) and " line 9 " in str(raised.value)
    tolerant = shop_config(tmp_path, ingest={"max_bad_share": 0.1, "tolerated_reasons": ["missing_user"]})
    assert run(tolerant).rows["quarantine"] == 2


def test_a_whole_history_file_is_split_by_the_shops_own_days(tmp_path: Path) -> None:
    times = ["2017-11-24T15:59:59Z", "2017-11-24T16:00:00Z", "2017-11-25T15:59:59Z", "2017-11-25T16:00:00Z"]
    write_lines(tmp_path / "raw/all.jsonl", [event(event_time=time) for time in times] + ["broken"])
    config = shop_config(
        tmp_path,
        shop={"time_zone": "Asia/Shanghai"},
        sources={"events": {"path": "all.jsonl"}},
        ingest={"first_day": "2017-11-25", "last_day": "2017-11-26"},
    )
    run(config, "2017-11-26")
    counts = {day: len(rows(config, "events", day=day)) for day in ("2017-11-24", "2017-11-25", "2017-11-26")}
    assert counts == {"2017-11-24": 0, "2017-11-25": 2, "2017-11-26": 1}
    assert sorted(row["reason"] for row in rows(config, "quarantine")) == ["not_json", "time_out_of_range"]
    assert run(config, "2017-11-26").status == "nothing_to_do"


def test_attributes_are_the_latest_known_and_survive_days_without_news(tmp_path: Path) -> None:
    config = shop_config(
        tmp_path,
        sources={
            "items": {"path": "items/dt={day}/*", "strict": ["price"]},
            "users": {"path": "users/dt={day}/*", "strict": ["age"]},
        },
    )
    deliver(tmp_path, DAY, [event()])
    deliver(
        tmp_path, DAY, [{"item_id": "i1", "title": "old", "price": 2}, {"item_id": "i2", "price": -1}], kind="items"
    )
    deliver(tmp_path, DAY, [{"user_id": "u1", "age": 31}, {"user_id": "u2", "age": 900}], kind="users")
    run(config)
    deliver(tmp_path, "2026-01-03", [event(event_time="2026-01-03T00:00:00Z")])
    deliver(tmp_path, "2026-01-03", [{"item_id": "i1", "title": "新"}], kind="items")
    run(config, "2026-01-03")
    (item,) = rows(config, "items", day="2026-01-03")
    assert (item["item_id"], item["title"], item["price"]) == ("i1", "新", 2.0)
    assert [row["age"] for row in rows(config, "users", day=DAY)] == [31]
    assert sorted(row["reason"] for row in rows(config, "quarantine")) == ["bad_age", "bad_price"]


def test_a_warehouse_without_write_permission(tmp_path: Path) -> None:
    deliver(tmp_path, DAY, [event()])
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    config = shop_config(tmp_path, warehouse=str(locked))
    everybody = os.geteuid() == 0
    if everybody:  # root may write anywhere
        for folder in (tmp_path, *tmp_path.parents):
            if folder.stat().st_mode & 0o055 == 0:  # pytest's own folders, however many
                folder.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigError, match=r"warehouse .*locked cannot be written: Permission denied"):
            run(config)
    finally:
        if everybody:
            os.seteuid(0)


def test_online_retail_invoices(tmp_path: Path) -> None:
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    lines = [
        header,
        "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom",
        "C536379,85123A,WHITE HEART,-1,2011-07-01 09:41:00,2.55,17850,United Kingdom",
        "536370,POST,POSTAGE,3,2010-12-01 08:45:00,18,12583,France",
        "536371,22086,,80,2010-12-01 09:00:00,2.55,,United Kingdom",
        "A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,-11062.06,17850,United Kingdom",
    ]
    path = tmp_path / "raw/online_retail.csv.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    source = {"path": "online_retail.csv.gz", "reader": "online_retail"}
    config = shop_config(tmp_path, sources={"events": source, "items": source}, shop={"time_zone": "Europe/London"})
    run(config, "2011-11-30")
    events = sorted(rows(config, "events"), key=lambda row: row["source_line"])
    assert [(row["behavior"], row["quantity"]) for row in events] == [("purchase", 6.0), ("return", 1.0)]
    assert events[1]["event_time"].isoformat() == "2011-07-01T08:41:00+00:00"  # British Summer Time
    reasons = {row["source_line"]: row["reason"] for row in rows(config, "quarantine")}
    assert reasons == {4: "service_item", 5: "missing_user", 6: "service_item"}
    assert [(row["item_id"], row["title"]) for row in rows(config, "items")] == [("85123A", "WHITE HEART")]


ANCIENT = ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1582-10-10T00:00:00Z", "1899-12-31T00:00:00Z"]
OUT_OF_RANGE = [*ANCIENT, "1969-12-31T23:59:59.999999Z", "2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
NO_TIMES = ["0000-00-00T00:00:00Z", "0000-00-00", "2026-02-30T00:00:00Z"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_ancient_and_far_times_of_a_whole_history_are_quarantined_and_the_day_is_written(
    tmp_path: Path, zone: str
) -> None:
    """Parquet writers refuse instants before 1900: one such event would fail the whole day."""
    good = ["1970-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2099-12-31T23:59:59.999999Z"]
    odd = {**dict.fromkeys(OUT_OF_RANGE, "time_out_of_range"), **dict.fromkeys(NO_TIMES, "bad_time")}
    write_lines(tmp_path / "raw/all.jsonl", [event(event_time=time) for time in [*good, *odd]])
    config = shop_config(tmp_path, sources={"events": {"path": "all.jsonl"}}, shop={"time_zone": zone})
    run(config)
    assert sorted(row["event_time"].year for row in rows(config, "events")) == [1970, 2026, 2099]
    found = {row["source_line"]: row["reason"] for row in rows(config, "quarantine")}
    assert found == dict(enumerate(odd.values(), start=len(good) + 1))
    assert [sum(figures) for figures in zip(*ledger(config), strict=True)] == [13, 3, 0, 10]


def test_unix_times_in_another_unit_are_quarantined(tmp_path: Path) -> None:
    odd = [-1, -(10**13), 4_102_444_800, 1_767_348_000_000, 10**13 - 1]  # the fourth is in milliseconds
    write_lines(tmp_path / "raw/all.jsonl", [event(event_time=time) for time in [0, 1_767_348_000, *odd]])
    config = shop_config(tmp_path, sources={"events": {"path": "all.jsonl", "time_format": "unix_s"}})
    run(config)
    assert len(rows(config, "events")) == 2
    assert [row["reason"] for row in rows(config, "quarantine")] == ["time_out_of_range"] * len(odd)


def test_an_ancient_time_is_quarantined_however_late_an_event_may_be(tmp_path: Path) -> None:
    deliver(tmp_path, DAY, [event(), *(event(event_time=time) for time in ANCIENT)])
    config = shop_config(tmp_path, ingest={"max_late_days": 36_525})
    run(config)
    assert ledger(config) == [(5, 1, 0, 4)]


def test_an_item_that_was_never_updated_is_known_since_ever(tmp_path: Path) -> None:
    """Go and .NET write a zero time: neither does it fail the day nor hide what is newer."""
    columns = {name: name for name in ("item_id", "title", "updated_at")}
    path = str(tmp_path / "raw" / "items" / "dt={day}" / "*")
    config = shop_config(tmp_path, sources={"items": {"path": path, "columns": columns}})
    deliver(tmp_path, DAY, [event()])
    zero, newer = "0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
    items = [
        {"item_id": "i1", "title": "new", "updated_at": newer},
        {"item_id": "i1", "title": "old", "updated_at": zero},
        {"item_id": "i2", "title": "only", "updated_at": zero},
        {"item_id": "i3", "title": "odd", "updated_at": "0000-00-00T00:00:00Z"},
    ]
    deliver(tmp_path, DAY, items, "items")
    run(config)
    assert {row["item_id"]: row["title"] for row in rows(config, "items")} == {"i1": "new", "i2": "only", "i3": "odd"}


@pytest.mark.parametrize("layout", ["items/dt={day}/*", "items/*/*"])
def test_every_item_counts_whatever_its_time_of_update(tmp_path: Path, layout: str) -> None:
    """One that is yet to come counts later: nothing of the future is known, but a placeholder is not the future.

    One that cannot be read is refused: any guess could be a later one.
    """
    columns = {name: name for name in ("item_id", "title", "updated_at")}
    config = shop_config(tmp_path, sources={"items": {"path": layout, "columns": columns}})
    deliver(tmp_path, DAY, [event()])
    times = [*OUT_OF_RANGE, *NO_TIMES, "2026-01-02T01:00:00Z", "2026-01-03T00:00:00Z"]
    lines = [{"item_id": time, "title": "T", "updated_at": time} for time in times]
    deliver(tmp_path, DAY, lines, "items")
    run(config)
    found = {row["item_id"]: row["updated_at"] for row in rows(config, "items", day=DAY)}
    unreadable = NO_TIMES[-1]
    assert sorted(found) == sorted({*times[:-1]} - {unreadable})
    assert [(row["reason"], unreadable in row["raw"]) for row in rows(config, "quarantine")] == [("bad_time", True)]
    delivered = datetime(2026, 1, 2, tzinfo=timezone.utc) if "{day}" in layout else None
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    expected = {**dict.fromkeys(times, delivered), **dict.fromkeys([*OUT_OF_RANGE[:5], *NO_TIMES[:2]], epoch)}
    readable = [time for time in times[:-2] if time != unreadable]
    assert {time: found[time] for time in readable} == {time: expected[time] for time in readable}
    assert found["2026-01-02T01:00:00Z"].hour == 1


def test_a_link_in_a_delivered_folder_is_read_and_so_is_its_changed_target(tmp_path: Path) -> None:
    config = shop_config(tmp_path)
    deliver(tmp_path, DAY, [event(user_id="u1")])
    elsewhere = write_lines(tmp_path / "elsewhere" / "more.jsonl", [event(user_id="u2")])
    (tmp_path / "raw" / "events" / f"dt={DAY}" / "more.jsonl").symlink_to(elsewhere)
    run(config)
    assert sorted(row["user_id"] for row in rows(config, "events")) == ["u1", "u2"]
    assert run(config).status == "nothing_to_do"
    write_lines(elsewhere, [event(user_id="u3")])
    run(config)
    assert sorted(row["user_id"] for row in rows(config, "events")) == ["u1", "u3"]


def test_a_csv_below_a_blank_line_keeps_its_columns(tmp_path: Path) -> None:
    header = "user_id,item_id,behavior,event_time"
    lines = ["", header, "u1,i1,view,2026-01-02T10:00:00Z"]
    write_lines(tmp_path / "raw" / f"{DAY}.csv", lines)
    columns = {name: name for name in header.split(",")}
    source = {"path": f"{tmp_path}/raw/{{day}}.csv", "format": "csv", "columns": columns}
    config = shop_config(tmp_path, sources={"events": source})
    run(config)
    (found,) = rows(config, "events")
    assert (found["user_id"], found["item_id"], found["source_line"]) == ("u1", "i1", 3)
    assert ledger(config) == [(1, 1, 0, 0)]


def test_one_file_of_items_beside_daily_events_is_read_once(tmp_path: Path) -> None:
    """Events a folder a day and an undated catalogue: the second run has nothing to do, whatever changed least."""
    config = shop_config(tmp_path, sources={"items": {"path": "catalogue.jsonl"}}, ingest={"catch_up_days": 3})
    for day in ("2026-01-01", DAY):
        deliver(tmp_path, day, [event(event_time=f"{day}T10:00:00Z")])
    write_lines(tmp_path / "raw" / "catalogue.jsonl", [{"item_id": "i1", "title": "lamp"}])
    assert run(config).status == "done"
    assert run(config).status == "nothing_to_do"
    write_lines(tmp_path / "raw" / "catalogue.jsonl", [{"item_id": "i1", "title": "desk lamp"}])
    assert "events" not in run(config).rows  # a refreshed catalogue reads no unchanged day again
    assert [row["title"] for row in rows(config, "items", day=DAY)] == ["desk lamp"]


def test_a_whole_history_keeps_what_became_of_the_items_lines(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    write_lines(raw / "all.jsonl", [event()])
    write_lines(raw / "items.jsonl", [{"item_id": "i1"}, {"title": "no id"}])
    config = shop_config(tmp_path, sources={"events": {"path": f"{raw}/all.jsonl"}, "items": {"path": "items.jsonl"}})
    run(config)
    found = {row["kind"]: (row["raw_lines"], row["accepted"]) for row in rows(config, "ingest_ledger")}
    assert found == {"events": (1, 1), "items": (2, 1)}
    assert [row["kind"] for row in rows(config, "quarantine")] == ["items"]
    write_lines(raw / "all.jsonl", [event(), event(user_id="u2")])
    run(config)
    found = {row["kind"]: (row["raw_lines"], row["accepted"]) for row in rows(config, "ingest_ledger")}
    assert found == {"events": (2, 2), "items": (2, 1)}


def test_every_name_of_a_file_is_its_own(tmp_path: Path) -> None:
    """Fsspec would open another file for one with `::`, and its lines would be copies."""
    names = ["a", "a::b", "a::a", "::", "~", "100%25", "{day}", "[a]", "*", "a\nb", "\\", "' \""]
    names += ["\u202e", "用户 ", "#a?"]
    for name in names:
        deliver(tmp_path, DAY, [event(user_id=f"user of {name!r}"), "broken"], name=name)
    config = shop_config(tmp_path)
    run(config)
    folder = f"{tmp_path}/raw/events/dt={DAY}"
    found = {row["source_file"]: row["user_id"] for row in rows(config, "events")}
    assert found == {f"{folder}/{name}": f"user of {name!r}" for name in names}
    assert ledger(config) == [(2, 1, 0, 1)] * len(names)


@pytest.mark.parametrize("kind", ["events", "items"])
@pytest.mark.parametrize("packed", [True, False])
def test_bad_lines_beyond_all_measure_publish_nothing(tmp_path: Path, kind: str, packed: bool) -> None:
    config = shop_config(
        tmp_path, sources={"items": {"path": "items/dt={day}/*"}}, ingest={"max_bad_lines": 5, "max_bad_share": 1.0}
    )
    good = {"events": event(), "items": {"item_id": "i1"}}
    deliver(tmp_path, DAY, [event()], name="fine")
    for name in ("one", "two"):
        deliver(tmp_path, DAY, [good[kind], *[b""] * 2, "broken"], kind, f"{name}.jsonl{'.gz' if packed else ''}")
    one = rf"one.jsonl\S* has 3 bad lines \(most of them empty_line\) of the 6 that were read of day {DAY}"
    with pytest.raises(BadDataError, match=rf"{one}, more than ingest\.max_bad_lines 5.* Nothing was published"):
        run(config)
    assert nothing_published(config)
    tolerant = {"max_bad_lines": 5, "max_bad_share": 1.0, "tolerated_reasons": ["not_json"]}
    run(shop_config(tmp_path, sources={"items": {"path": "items/dt={day}/*"}}, ingest=tolerant))
    assert [row["reason"] for row in rows(config, "quarantine")].count("empty_line") == 4


def test_the_bad_lines_of_each_day_are_counted_by_themselves(tmp_path: Path) -> None:
    for day in ("2026-01-01", DAY):
        deliver(tmp_path, day, [event(event_time=f"{day}T10:00:00Z"), *["broken"] * 3])
    config = shop_config(tmp_path, ingest={"max_bad_lines": 3, "max_bad_share": 1.0, "catch_up_days": 1})
    assert run(config).rows["quarantine"] == 6


def test_a_whole_history_has_one_measure_of_bad_lines(tmp_path: Path) -> None:
    for day in ("2026-01-01", DAY):
        late = event(event_time=f"{day}T10:00:00Z", quantity=-1)
        write_lines(tmp_path / "raw" / "all" / day, [event(), *[late] * 3])
    limits = {"max_bad_lines": 5, "max_bad_share": 1.0}
    config = shop_config(tmp_path, sources={"events": {"path": "all/*"}}, ingest=limits)
    with pytest.raises(BadDataError, match=r"has 3 bad lines .*of the 6 that were read of the whole history"):
        run(config)
    assert nothing_published(config)


def test_reading_ends_with_the_bad_line_that_is_one_too_many(tmp_path: Path) -> None:
    path = deliver(tmp_path, DAY, [event(), *[b""] * 3_000_000], name="log.gz")
    path.write_bytes(path.read_bytes()[:-8])  # its end would be a fault
    config = shop_config(tmp_path, ingest={"max_bad_lines": 100, "max_bad_share": 1.0})
    with pytest.raises(BadDataError, match=r"log\.gz' has \d+ bad lines \(most of them empty_line\)"):
        run(config)


def test_columns_of_one_name_that_are_not_read_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = "user_id,item_id,behavior,event_time"
    columns = {name: name for name in header.split(",")}
    write_lines(tmp_path / "raw" / f"{DAY}.csv", [f"{header},note,note", "u1,i1,view,2026-01-02T10:00:00Z,a,b"])
    write_lines(tmp_path / "raw" / "items.csv", ["item_id,x,x", "i1,2,3"])
    sources = {
        "events": {"path": "{day}.csv", "format": "csv", "columns": columns},
        "items": {"path": "items.csv", "format": "csv", "columns": {"item_id": "item_id"}},
    }
    config = shop_config(tmp_path, sources=sources)
    assert run(config).rows["events"] == 1
    shown = "".join(capsys.readouterr())
    assert f"{DAY}.csv' has more than once the column 'note', which is not read" in shown
    assert "items.csv' has more than once the column 'x', which is not read" in shown


def test_deliveries_may_be_cut_in_another_zone(tmp_path: Path) -> None:
    """A folder of a day in UTC ends at eight in the morning of a shop in Shanghai."""
    shop = {"shop": {"time_zone": "Asia/Shanghai"}, "ingest": {"max_bad_share": 1.0, "max_late_days": 0}}
    times = ["2026-01-01T23:59:59Z", "2026-01-02T00:00:00Z", "2026-01-02T23:59:59Z", "2026-01-03T00:00:00Z"]
    deliver(tmp_path, DAY, [event(event_time=time) for time in times])
    cut = shop_config(tmp_path, sources={"events": {"path": "events/dt={day}/*", "delivery_zone": "UTC"}}, **shop)
    run(cut)
    assert [row["source_line"] for row in rows(cut, "events")] == [2, 3]
    assert [row["reason"] for row in rows(cut, "quarantine")] == ["time_out_of_range"] * 2
    apart = shop_config(tmp_path, warehouse=str(tmp_path / "apart"), **shop)
    run(apart)
    assert [row["source_line"] for row in rows(apart, "events")] == [1, 2]


def test_a_file_that_comes_late_for_a_past_day_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = shop_config(tmp_path)
    for day in (DAY, "2026-01-03", "2026-01-04"):
        deliver(tmp_path, day, [event(event_time=f"{day}T10:00:00Z")])
    run(config)
    run(config, "2026-01-03")
    assert "after its events were made" not in "".join(capsys.readouterr())
    late = deliver(tmp_path, DAY, [event(session_id="late")], name="late.jsonl")
    run(config, "2026-01-04")
    said = "".join(capsys.readouterr())
    assert f"raw files of {DAY} came or changed after its events were made; backfill from {DAY}" in said
    line = next(line for line in said.splitlines() if "after its events were made" in line)
    assert str(late) in line and "part-0.jsonl" not in line


def test_every_format_has_the_same_events(tmp_path: Path) -> None:
    """A row of Parquet that is refused, and a copy, are accounted for as those of JSON are."""
    lines = [event(), event(), event(user_id="u2", price=-1), event(user_id="u3")]
    names = ["user_id", "item_id", "behavior", "event_time", "price"]
    table = pa.table({name: [line[name] for line in lines] for name in names})
    folder = tmp_path / "raw" / "events" / f"dt={DAY}"
    folder.mkdir(parents=True)
    found = {}
    for kind in ("jsonl", "parquet", "orc"):
        if kind == "jsonl":
            (folder / "log").write_text(json.dumps(lines, indent=1), encoding="utf-8")
        else:
            (pq.write_table if kind == "parquet" else orc.write_table)(table, str(folder / "log"))
        source = {"events": {"path": "events/dt={day}/*", "format": kind, "strict": ["price"]}}
        config = shop_config(tmp_path, warehouse=str(tmp_path / kind), sources=source)
        run(config)
        refused = [(row["source_line"], row["reason"]) for row in rows(config, "quarantine")]
        kept = sorted((row["source_line"], row["user_id"], row["event_time"]) for row in rows(config, "events"))
        found[kind] = (kept, refused, ledger(config))
    assert found["jsonl"][1:] == ([(3, "bad_price")], [(4, 2, 1, 1)])
    assert found["parquet"] == found["orc"] == found["jsonl"]
