"""Paragraphs, headings and tables, put together into one text."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .content import Limits, Refusal

_PAGE_WORDS = {"page", "of", "p", "seite", "von", "pg", "slide", "blatt"}


@dataclass(slots=True)
class Block:
    """A paragraph or a table, with the level of a heading, from 1."""

    text: str
    heading: int | None = None
    is_table: bool = False


@dataclass(slots=True)
class Found:
    """What was met in the whole document and is to be told, by the keys of `told`."""

    warnings: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)


class Size:
    """How much text may still be made."""

    def __init__(self, limits: Limits) -> None:
        self._left = limits.unpacked

    def take(self, text: str) -> None:
        """Count a piece of text in. Raises Refusal."""
        self._left -= len(text)
        if self._left < 0:
            raise Refusal("The document holds too much text.")


def joined(blocks: Iterable[Block], size: Size) -> str:
    """Paragraphs one a line; an empty line around tables and before headings."""
    lines: list[str] = []
    apart = False
    for block in blocks:
        text = block.text
        if block.heading:
            text = f"{'#' * min(block.heading, 6)} {' '.join(text.split())}"
        size.take(text)
        alone = bool(text) and (block.is_table or block.heading is not None)
        if lines and lines[-1] and (apart or alone or not text):
            lines.append("")
        apart = bool(text) and block.is_table
        if text:
            lines += [line.rstrip() for line in text.split("\n")]
    return "\n".join(lines).strip()


def margins(kind: str, texts: Iterable[str]) -> str:
    """Distinct headers or footers under their mark; nothing where there are none."""
    distinct = dict.fromkeys(text for text in texts if text)
    return "\n".join([f"[{kind}]", *distinct]) if distinct else ""


def is_page_number(text: str) -> bool:
    """Whether nothing but "Page" and "of" is left of a line that held a page's number."""
    words = "".join(sign if sign.isalnum() else " " for sign in text.lower()).split()
    return all(word in _PAGE_WORDS for word in words)
