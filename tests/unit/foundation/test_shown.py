"""What came from data is one line for people to read, and acts on no terminal."""

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interest_spark.foundation.shown import shown, shown_error, shown_values

ACTS_OR_HIDES = [
    "\x00", "\x07", "\x08", "\t", "\n", "\r", "\x1b[31m", "\x7f", "\x85", "\x9b2J", "\xad", "\u034f", "\u061c",
    "\u115f", "\u17b4", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u2028", "\u2029", "\u202e", "\u2060",
    "\u2066",
    "\u2069", "\u3164", "\ufe0f", "\ufeff", "\uffa0", "\ufff9", "\ud800", "\udfff", "\uffff", "\ue000",
    "\U000e0041", "\U000e0100", "\U0010ffff",
]  # fmt: skip
READABLE = [
    "plain", "茶壶，250 克", "限量版　无线鼠标", "カタカナ", "한국어", "עברית", "العربية",
    "हिन्दी", "ไทย", "Größe", "cafe\u0301", "🍵🎁", "1\u00a0000 €",
]  # fmt: skip


@pytest.mark.parametrize("text", ACTS_OR_HIDES, ids=ascii)
def test_what_acts_on_a_terminal_or_hides_is_an_escape(text: str) -> None:
    told = shown(f"a{text}b")
    assert text[0] not in told and told.startswith("a\\") and told.endswith("b")


@pytest.mark.parametrize("text", READABLE)
def test_every_language_stays_readable(text: str) -> None:
    assert shown(text) == text


@given(st.text(st.characters(codec=None, categories=None)), st.integers(30, 300))
@example("\U000e0041" * 200, 100)
@example("u" * 900_000, 200)
def test_one_line_of_bounded_length_without_anything_that_acts(text: str, most: int) -> None:
    told = shown(text, most)
    assert len(told) <= most and len(told.splitlines()) <= 1
    assert not {unicodedata.category(char) for char in told} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    told.encode()
    if len(text) > most:
        assert told.endswith(f"… ({len(text)} characters)")


@given(
    st.text(
        st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u115f\u1160\u17b4\u17b5\u3164\uffa0"),
        max_size=100,
    )
)
def test_letters_and_signs_are_as_they_were(text: str) -> None:
    assert shown(text) == text


def test_a_short_text_is_complete_and_a_long_one_says_how_long_it_was() -> None:
    assert shown("a" * 200) == "a" * 200
    assert shown("a" * 201) == "a" * 182 + "… (201 characters)"


def test_an_error_is_one_line_without_passwords() -> None:
    assert (
        shown_error("no raw files match 's3://joe:pa@ss@b/x'\nat all") == r"no raw files match 's3://***@b/x'\nat all"
    )
    assert len(shown_error("x" * 900_000)) <= 4_000


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None, categories=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
)


@given(VALUES)
def test_every_text_of_a_log_entry_is_clean(value: object) -> None:
    for char in json.dumps(shown_values(value), ensure_ascii=False):
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
