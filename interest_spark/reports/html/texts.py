"""The page's words in every language, from one file a language; each sentence stands on the page in all of them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from markupsafe import Markup

LANGUAGES = {"en": "English", "zh": "中文"}
"""By the code that a catalogue's file and the page's switch have; the first one is shown until another is chosen."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The texts of a language by `section.key`; `{name}` in a text stands for a value."""
    text = files(__package__).joinpath("texts", f"{language}.yaml").read_text(encoding="utf-8")
    sections = yaml.safe_load(text)
    return {f"{section}.{key}": each for section, texts in sections.items() for key, each in texts.items()}


def text(key: str, /, **values: Any) -> Markup:
    """The sentence in all languages, of which the page's switch shows one; values are escaped, unless they are Markup.

    Raises KeyError for a text that a language lacks, or a value that a text names and nobody gives.
    """
    spans = [Markup('<span lang="{}">{}</span>').format(each, in_language(each, key, values)) for each in LANGUAGES]
    return Markup("").join(spans)


def in_language(language: str, key: str, values: Mapping[str, Any]) -> Markup:
    """The sentence in one language."""
    return Markup(catalogue(language)[key]).format(**values)  # the catalogue is ours: it may hold markup
