"""Lines to fields: what is accepted keeps the shop's own text, what is refused says why and loses nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.sources.dialect import Dialect, csv_decoder
from interest_spark.sources.records import MOST_NESTED, RefusedLineError, json_decoder

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
        ("NaN", "not_json"),
        ('{"id": NaN}', "not_json"),
        ('{"id": Infinity}', "not_json"),
        ('{"id": -Infinity}', "not_json"),
        ('{"id": [NaN]}', "not_json"),
        ('{"id": {"deep": [[-Infinity]]}}', "not_json"),
        ('{"id": 1, "id": 2}', "duplicate_key"),
        ('{"id": 1, "id": 1}', "duplicate_key"),
        ('{"id": null, "id": 1}', "duplicate_key"),
        ('{"id": 1, "\\u0069d": 2}', "duplicate_key"),
        ('{"id": {"a": 1, "a": 2}}', "duplicate_key"),
        ('{"id": [1, {"a": {"b": 1, "b": 2}}]}', "duplicate_key"),
        ('{"id": "a\\u0000b", "id": 1}', "duplicate_key"),
        ('{"id": "a\\u0000b"}', "nul_byte"),
        ('{"id": "\\ud800"}', "invalid_utf8"),
    ],
)
def test_refused_json(line: str, reason: str) -> None:
    with pytest.raises(RefusedLineError, match=f"^{reason}$"):
        json_decoder(["id"])(line)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_no_json_has_is_no_id_but_a_number_to_be_judged(constant: str) -> None:
    decode = json_decoder(["id", "price"], numbers={"price"})
    assert decode(f'{{"id": "NaN", "price": {constant}, "other": [{constant}]}}') == ["NaN", constant]
    with pytest.raises(RefusedLineError, match=r"^not_json$"):
        decode(f'{{"id": {constant}, "price": 1}}')


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"other": 1, "other": 2, "geo": {"lat": 3}}', ["3"]),
        ('{"geo": {"lat": 3, "lon": 1, "lon": 2}}', ["3"]),
        ('{"geo": {"lat": 3}, "other": {"a": 1, "a": 2}}', ["3"]),
        ('{"geo": 1, "geo": 2}', [None]),
        ('{"geo": 1, "geo": 2, "geo.lat": 3}', ["3"]),
        ('{"geo": {"lat": 1, "lat": 2}}', None),
        ('{"geo": {"lat": 1}, "geo": {"lat": 2}}', None),
        ('{"geo": {"lat": 1}, "geo": 2}', None),
        ('{"geo": 2, "geo": {"lon": 1}}', None),
        ('{"geo.lat": 1, "geo.lat": 2}', None),
        ('{"geo": {"lat": {"a": 1, "a": 2}}}', None),
    ],
)
def test_a_key_twice_matters_where_it_leaves_a_field_open(line: str, found: list[str | None] | None) -> None:
    decode = json_decoder(["geo.lat"])
    if found is None:
        with pytest.raises(RefusedLineError, match=r"^duplicate_key$"):
            decode(line)
    else:
        assert decode(line) == found


def test_many_keys_twice_take_no_longer_than_as_many_others() -> None:
    line = "{" + ",".join(f'"{number % 50_000}": 1' for number in range(100_000)) + "}"
    assert json_decoder(["id"])(line) == [None]
    with pytest.raises(RefusedLineError, match=r"^duplicate_key$"):
        json_decoder(["7"])(line)


DEPTHS = sorted({*range(1, 30), *range(470, 530), *range(900, 1100), 5_000, 100_000})
NESTED = {
    "lists": ("[", "]"),
    "objects": ('{"id":', "}"),
    "both": ('[{"a":', "}]"),
    "spaced": (' [ "]", ', "]"),
    "with brackets in strings": ('["[[{\\"", ', "]"),
}


def nested(kind: str, depth: int) -> str:
    """A value of so many levels."""
    opening, closing = NESTED[kind]
    levels = depth // 2 if kind == "both" else depth
    return opening * levels + "1" + closing * levels


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("fields", [["id"], ["other"], ["id.id"], ["id.id.id.id"], [".".join(["id"] * 2000)], []])
def test_a_line_of_any_depth_is_decoded_or_refused(kind: str, fields: list[str]) -> None:
    decode = json_decoder(fields)
    for depth in DEPTHS:
        line = f'{{"a": 1, "id": {nested(kind, depth - depth % 2)}}}'
        if depth - depth % 2 + 1 > MOST_NESTED:
            with pytest.raises(RefusedLineError, match=r"^not_json$"):
                decode(line)
        else:
            assert len(decode(line)) == len(fields)
        with pytest.raises(RefusedLineError, match=r"^not_json$"):
            decode(line[:-2])


def test_brackets_beside_each_other_are_no_depth() -> None:
    line = '{"id": [' + ",".join(["[{}]"] * 10_000) + '], "text": "' + "[{" * 10_000 + '"}'
    (text,) = json_decoder(["id"])(line)
    assert text and text.count("{") == 10_000


@given(st.integers(1, 1200), st.data())
def test_depth_decides_wherever_it_stands(depth: int, data: st.DataObject) -> None:
    opening = data.draw(
        st.lists(st.sampled_from(["[", '{"a":', "[1,", '{"b":[],"a":']), min_size=depth, max_size=depth)
    )
    line = "".join(opening) + "1" + "".join("]" if part[0] == "[" else "}" for part in reversed(opening))
    try:
        assert json_decoder(["a"])(line)
    except RefusedLineError as refusal:
        assert str(refusal) == ("not_json" if depth > MOST_NESTED else "not_an_object")
    else:
        assert depth <= MOST_NESTED and line[0] == "{"


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
        csv_decoder(["x", "y", "z"], ["x"], Dialect())(line)
