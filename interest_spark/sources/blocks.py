"""Blocks of bytes in the order of a file."""

from collections.abc import Iterator

from interest_spark.sources.faults import READ_FAULTS


def peek(blocks: Iterator[bytes], size: int) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, `size` or more where there are so many, and all blocks with these; a fault comes after them."""
    first, found, fault = [], 0, None
    try:
        while found < size and (block := next(blocks, b"")):
            first.append(block)
            found += len(block)
    except READ_FAULTS as error:
        fault = error

    def again() -> Iterator[bytes]:
        yield from first
        if fault is not None:
            raise fault
        yield from blocks

    return b"".join(first), again()
