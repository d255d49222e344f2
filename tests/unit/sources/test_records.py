"""Lines to fields: what is accepted keeps the shop's own text, what is refused says why and loses nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.sources.records import RefusedLineError, csv_decoder, json_decoder

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\n\r"), max_size=20)


@given(st.dictionaries(TEXT.filter(lambda key: "." not in key), TEXT, min_size=1, max_size=5))
def test_json_text_comes_back_as_written(document: dict[str, str]) -> None:
    fields = sorted(document)
    for ascii_only in (True, False):
        line = json.dumps(document, ensure_ascii=ascii_only)
        assert json_decoder(fields)(line) == [document[field] for field in fields]


@given(st.integers(-(10**40), 10**40))
def test_json_integers_of_any_size_keep_their_digits(number: int) -> None:
    assert json_decoder(["id"])(json.dumps({"id": number})) == [str(number)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 1', "not_json"),
        ('{"id": 1}{"id": 2}', "not_json"),
        ('{"id": 1} tail', "not_json"),
        ("[" * 100_000, "not_json"),
        ("[1, 2]", "not_an_object"),
        ('"text"', "not_an_object"),
        ("null", "not_an_object"),
        ('{"id": "a\\u0000b"}', "nul_byte"),
        ('{"id": "\\ud800"}', "invalid_utf8"),
    ],
)
def test_refused_json(line: str, reason: str) -> None:
    with pytest.raises(RefusedLineError, match=f"^{reason}$"):
        json_decoder(["id"])(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,b", "wrong_field_count"),
        ('a,"b,c', "unbalanced_quote"),
        ('a,"b"x,c', "unbalanced_quote"),
        ("a,b,c,d", "wrong_field_count"),
    ],
)
def test_refused_csv(line: str, reason: str) -> None:
    with pytest.raises(RefusedLineError, match=f"^{reason}$"):
        csv_decoder(["x", "y", "z"], ["x"], ",")(line)
