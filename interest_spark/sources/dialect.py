"""The cells of a line of CSV, for each way in which programs write it."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from interest_spark.config.source import NO_QUOTE, SourceConfig
from interest_spark.sources.records import Decode, RefusedLineError


@dataclass(frozen=True)
class Dialect:
    r"""How cells are kept apart.

    A cell that begins with `quote` ends with the next one; twice, or after `escape`, the quote is part of the cell, and
    the escape twice stands for itself. Other cells are taken as they are written, as Spark does; where nothing is
    quoted, an `escape` before a separator or an escape takes its meaning away, as Hive and MySQL write it.

    >>> Dialect("||", escape="\\").cells(r'7||"19\" red||large"||\N')
    ['7', '19" red||large', '\\\\N']
    """

    separator: str = ","
    quote: str | None = '"'
    escape: str | None = None

    @classmethod
    def of(cls, source: SourceConfig) -> "Dialect":
        """That of a source's configuration."""
        return cls(source.separator, None if source.quote == NO_QUOTE else source.quote, source.escape)

    def cells(self, text: str) -> Sequence[str]:
        """The cells of one record. Raises RefusedLineError for a quote that is not closed, or not at a cell's end."""
        if self.quote is None:
            return self._unquoted(text)
        if self.quote not in text:
            return text.split(self.separator)
        if len(self.separator) > 1 or self.escape:
            return list(self._scan(text))
        try:
            return next(csv.reader([text], delimiter=self.separator, quotechar=self.quote, strict=True))
        except (csv.Error, StopIteration):
            raise RefusedLineError("unbalanced_quote") from None

    def _unquoted(self, text: str) -> Sequence[str]:
        if not self.escape or self.escape not in text:
            return text.split(self.separator)
        cells, start = [], 0
        for found in self._separators.finditer(text):
            if found[0] == self.separator:
                cells.append(text[start : found.start()])
                start = found.end()
        return [self._escaped.sub(r"\1", cell) for cell in (*cells, text[start:])]

    def _scan(self, text: str) -> "list[str]":
        cells, place = [], 0
        while True:
            quoted = self._quoted.match(text, place)
            if quoted:
                cells.append(self._escaped.sub(lambda pair: pair[0][1], quoted[1]))
                end = quoted.end()
            else:
                end = text.find(self.separator, place)
                end = len(text) if end < 0 else end
                cells.append(text[place:end])
                if text.startswith(self.quote or "", place) or "\n" in cells[-1]:
                    raise RefusedLineError("unbalanced_quote")
            if end == len(text):
                return cells
            if not text.startswith(self.separator, end):
                raise RefusedLineError("unbalanced_quote")
            place = end + len(self.separator)

    @cached_property
    def _separators(self) -> "re.Pattern[str]":
        """Separators, and escapes with what they are before."""
        separator, escape = re.escape(self.separator), re.escape(self.escape or "")
        return re.compile(f"{escape}(?:{separator}|{escape})|{separator}", re.DOTALL)

    @cached_property
    def _quoted(self) -> "re.Pattern[str]":
        quote, escape = re.escape(self.quote or ""), re.escape(self.escape or "")
        within = f"[^{quote}{escape}]|{quote}{quote}" + (f"|{escape}." if escape else "")
        return re.compile(f"{quote}((?:{within})*+){quote}", re.DOTALL)

    @cached_property
    def _escaped(self) -> "re.Pattern[str]":
        """An escaped character of a cell; where there are quotes also one of them twice."""
        escape = re.escape(self.escape or "")
        if self.quote is None:
            return re.compile(f"{escape}({re.escape(self.separator)}|{escape})")
        quote = re.escape(self.quote)
        return re.compile(f"{quote}{quote}" + (f"|{escape}(?:{quote}|{escape})" if escape else ""))


def csv_decoder(header: Sequence[str], fields: Sequence[str], dialect: Dialect) -> Decode:
    """Decode one record of CSV by the header's names; a field that is not among them has no value.

    >>> csv_decoder(["id", "title"], ["title", "size"], Dialect())('7,"red, large"')
    ['red, large', None]
    """
    places = [header.index(field) if field in header else None for field in fields]

    def decode(text: str) -> Sequence[str | None]:
        cells = dialect.cells(text)
        if len(cells) != len(header):
            raise RefusedLineError("wrong_field_count")
        return [None if place is None else cells[place] for place in places]

    return decode
