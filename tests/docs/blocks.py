"""The blocks of code on the pages of this repository, as a Markdown parser sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt

__all__ = ["PAGES", "ROOT", "Block", "blocks_of"]

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted(
    str(path.relative_to(ROOT))
    for place in ("*.md", "client/*.md", "docs/**/*.md", "events/*.md", "examples/*.md")
    for path in ROOT.glob(place)
)


@dataclass(frozen=True)
class Block:
    """A block of code: its page and line, its language, and what is in it."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text.strip().splitlines()[0]}"


def blocks_of(page: str) -> Iterator[Block]:
    """Fenced blocks and indented ones, also those inside of lists."""
    for token in MarkdownIt().parse((ROOT / page).read_text()):
        if token.type in {"fence", "code_block"}:
            assert token.map is not None
            yield Block(page, token.map[0] + 1, token.info.strip(), token.content)
