"""All sources of events of a deployment: their deliveries together, and each piece read as its own source says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby, pairwise

import polars as pl

from interest_spark.config.source import SourceConfig
from interest_spark.config.sources import SourcesConfig
from interest_spark.foundation.errors import BadDataError
from interest_spark.sources.canonical import CanonicalReader
from interest_spark.sources.deliveries import Delivery, find_deliveries
from interest_spark.sources.pieces import Piece


def find_event_deliveries(
    sources: SourcesConfig, *, first: date | None = None, last: date, required: bool = True
) -> list[Delivery]:
    """The files of all sources of events, in the order of day, source and path; see find_deliveries.

    Raises BadDataError also for a file of two sources, whose lines would count twice.
    """
    found: list[Delivery] = []
    for place, source in enumerate(sources.of_events):
        of_source = find_deliveries(source, sources.key_of(place), first=first, last=last, required=required)
        found += [replace(each, source=place) for each in of_source]
    for one, other in pairwise(sorted(found, key=lambda each: each.path)):
        if one.path == other.path and one.source != other.source:
            raise BadDataError(
                f"{one.path} matches {sources.key_of(one.source)}.path and {sources.key_of(other.source)}.path, so "
                "that its lines would count twice; make the paths differ, or use one source with cases"
            )
    return sorted(found, key=lambda each: (each.day or "", each.source, each.path))


@dataclass(frozen=True)
class EventReader:
    """Reads pieces of raw files of events, of whichever source they are."""

    sources: SourcesConfig
    max_line_bytes: int

    @property
    def settings(self) -> list[SourceConfig]:
        """Each source's configuration with what its reader knows."""
        return [reader.settings for reader in self._readers]

    def read(self, pieces: Iterable[Piece]) -> Iterator[pl.DataFrame]:
        """As CanonicalReader.read."""
        for place, of_source in groupby(pieces, key=lambda piece: piece.source):
            yield from self._readers[place].read(of_source)

    @property
    def _readers(self) -> list[CanonicalReader]:
        return [CanonicalReader("events", source, self.max_line_bytes) for source in self.sources.of_events]
