"""Both languages say the same: equal keys, equal values in them, and a text for all that templates ask for."""

import re
from string import Formatter

import pytest
from markupsafe import Markup

from interest_spark.reports.html.page import SECTIONS
from interest_spark.reports.html.texts import LANGUAGES, catalogue, text
from tests.checkout import ROOT

HTML = ROOT / "interest_spark/reports/html"


def test_the_languages_have_equal_keys_and_name_equal_values() -> None:
    first, *others = map(catalogue, LANGUAGES)
    for other in others:
        assert other.keys() == first.keys()
        for key, each in first.items():
            assert values(each) == values(other[key]), key


def values(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_every_section_has_its_module_its_template_and_its_title() -> None:
    modules = {path.stem for path in (HTML / "sections").glob("*.py")} - {"__init__"}
    assert modules == set(SECTIONS)
    for name in SECTIONS:
        assert (HTML / "templates" / f"{name}.html").is_file()
        assert catalogue("en")[f"{name}.title"] != catalogue("zh")[f"{name}.title"]


def test_what_is_asked_for_by_name_is_there() -> None:
    sources = [*HTML.rglob("*.html"), *HTML.rglob("*.py")]
    asked = {
        key
        for path in sources
        for key in re.findall(
            r'(?:\bt|\btext|AbsentError)\(\s*"(\w+\.[\w-]+)"\s*[,)]', path.read_text(encoding="utf-8")
        )
    }
    assert len(asked) > 60
    assert asked <= catalogue("en").keys()


def test_a_value_is_escaped_in_every_language() -> None:
    said = text("page.no_rows", table="<img>", day="2026-01-01")
    assert said.count("&lt;img&gt;") == len(LANGUAGES)
    assert "<img>" not in said
    assert isinstance(said, Markup)


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError):
        text("page.no_rows", table="events")
