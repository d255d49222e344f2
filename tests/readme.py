"""README.md taken apart: its code blocks, and the tables of facts that must not rot."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RUN_ON_CLUSTERS = "# run by tests/cluster"
"""How a block begins that needs more than `make test` has."""
_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\w*)(?: title=(?P<title>\S+))?")


@dataclass(frozen=True)
class Block:
    """A fenced code block; `title` is the file that a reader is to save it as."""

    language: str
    title: str | None
    text: str
    line: int  # of the opening fence, from 1


def blocks(text: str) -> list[Block]:
    r"""All fenced blocks in their order, without the indentation of a list that they stand in.

    >>> blocks("1. type\n\n   ```sh\n   make\n   ```\n")
    [Block(language='sh', title=None, text='make\n', line=3)]
    """
    found, opening, body = [], None, []
    for number, line in enumerate(text.splitlines(), start=1):
        if opening is None:
            opening = _FENCE.fullmatch(line)
            start, body = number, []
        elif line.strip() == "```":
            content = "".join(f"{each.removeprefix(opening['indent'])}\n" for each in body)
            found.append(Block(opening["language"], opening["title"], content, start))
            opening = None
        else:
            body.append(line)
    if opening is not None:
        raise ValueError(f"the block that opens on line {start} is not closed")
    return found


def commands(text: str) -> list[Block]:
    """The blocks that a reader types."""
    return [block for block in blocks(text) if block.language in ("sh", "bash")]


def files(text: str) -> list[Block]:
    """The blocks that a reader saves."""
    return [block for block in blocks(text) if block.title]


def table(text: str, first_heading: str) -> list[list[str]]:
    """The cells of the Markdown table whose first column has that heading, without the two heading lines."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"| {first_heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def code(cell: str) -> list[str]:
    """The words of a cell that are set as code."""
    return re.findall(r"`([^`]+)`", cell)
