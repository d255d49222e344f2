"""What the fast ways of `json_lines` and `delimited` take and give."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from interest_spark.sources.lines import Places
from interest_spark.sources.records import Decode


@dataclass(frozen=True)
class Candidates:
    """Lines of valid UTF-8, each from a start to an end of `content` and a text."""

    content: bytes
    starts: Places
    ends: Places
    texts: pl.Series

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class Admitted:
    """Which of the candidates are decoded, from 0, and a column a field of as many values."""

    places: Places
    columns: Sequence[pl.Series]

    @classmethod
    def none(cls, field_count: int) -> "Admitted":
        return cls(np.empty(0, np.int64), [pl.Series([], dtype=pl.String)] * field_count)


class Format(ABC):
    """How the lines of a file are decoded: many at once where that is certain to come out equal, else one by one."""

    decode: Decode

    @abstractmethod
    def admit(self, lines: Candidates) -> Admitted:
        """Decode the lines that are plain enough."""
