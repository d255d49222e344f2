"""Which raw fields of each line are read, and what a file may lack of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RawFields:
    """The fields by `names`, in the order of their columns.

    Of `numbers` the texts need not be JSON's numbers: see records. A file with columns refuses to be without a field
    that is not `optional`. That it lacks one of `unnamed`, which only a reader's defaults know, is nothing to tell.
    """

    names: Sequence[str]
    numbers: Collection[str] = ()
    optional: Collection[str] = ()
    unnamed: Collection[str] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def required(self) -> Sequence[str]:
        """What a file with columns has to have."""
        return [name for name in self.names if name not in self.optional]

    def missing_in(self, columns: Collection[str]) -> Sequence[str]:
        """The fields that a file with these columns lacks, as far as somebody has asked for them."""
        return [name for name in self.names if name not in columns and name not in self.unnamed]
