"""What a mapping makes of the texts of a log: what is no value, which ids are one, and which columns there are."""

from pathlib import Path

import polars as pl
import pytest

from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import SourcesConfig
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.pieces import Piece

COLUMNS = ("user_id", "item_id", "behavior", "event_time", "price", "query")


def test_what_is_written_for_nothing_is_no_value(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    nothing = ["", " ", "\u00a0", "\u3000", "\u200b", "\\N", "NULL", "null", "None", "nan", "undefined"]
    lines = [f"{user},A,view,2026-01-02 10:00:00,{price},None" for user in nothing for price in ("\\N", "NULL", "")]
    log.write_text("user_id,item_id,behavior,event_time,price,query\n" + "\n".join(lines), encoding="utf-8")
    source = SourceConfig(path="", format="csv", columns={name: name for name in COLUMNS})
    found = pl.concat(CanonicalReader("events", source, 10_000).read([Piece("2026-01-02", str(log))]))
    assert found["reason"].unique().to_list() == ["missing_user"]
    assert found["price"].null_count() == len(lines)
    assert found["query"].unique().to_list() == ["None"]


def test_ids_lose_the_white_space_around_them_and_a_fraction_of_zeros_where_that_is_wanted(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    users = ["u 1", "\u00a0u 1\u3000", "\ufeffu 1\u200b", "12.0", "12.50", "12"]
    lines = [f"{user},7.0,view,2026-01-02 10:00:00,," for user in users]
    log.write_text("user_id , item_id,behavior,event_time,price,query\n" + "\n".join(lines), encoding="utf-8")
    columns = {name: name for name in COLUMNS}
    source = SourceConfig(path="", format="csv", columns=columns, whole_numbers=("user_id",))
    found = pl.concat(CanonicalReader("events", source, 10_000).read([Piece("2026-01-02", str(log))]))
    assert found["user_id"].to_list() == ["u 1", "u 1", "u 1", "12", "12.50", "12"]
    assert found["item_id"].unique().to_list() == ["7.0"]


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        ({"user": "uid"}, "user_id"),
        ({"behaviour": "action"}, "behavior"),
        ({"amount": "qty"}, "quantity"),
        ({"timestamp": "ts"}, "event_time"),
        ({"qwert": "x"}, None),
    ],
)
def test_a_misspelt_column_is_refused_with_the_one_that_is_meant(columns: dict[str, str], hint: str | None) -> None:
    with pytest.raises(ValueError, match="unknown column") as raised:
        SourcesConfig.model_validate({"events": {"path": "x", "columns": columns}})
    assert (f"did you mean '{hint}'?" in str(raised.value)) == (hint is not None)
