"""Where a quotation stands in the documents of a job."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from .parts import Part

PAGE_MARK = re.compile(r"^\[page ([0-9]{1,6})\]$", re.MULTILINE)
_PLAIN_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")


class Place(NamedTuple):
    """`page` is None in a document without pages."""

    page: int | None


class PagedText:
    """The texts of documents, page by page. Case, white space and shapes of quotes don't count."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self.is_whole = not any(part.is_file for part in parts)
        """Whether all of it is text; otherwise a quotation may stand in a file."""
        self.pages = max((part.pages or 0 for part in parts), default=0)

    def find(self, quote: str) -> Place | None:
        """Where the quotation begins; None where it does not stand, or is empty."""
        wanted = _plain(quote)
        at = self._text.find(wanted) if wanted else -1
        if at < 0:
            return None
        return Place(next((page for start, page in reversed(self._starts) if start <= at), None))

    @cached_property
    def _text(self) -> str:
        return " ".join(text for _, text in self._pieces)

    @cached_property
    def _starts(self) -> list[tuple[int, int | None]]:
        """Where each piece begins in the whole, and on which page it stands."""
        starts, position = [], 0
        for page, text in self._pieces:
            starts.append((position, page))
            position += len(text) + 1
        return starts

    @cached_property
    def _pieces(self) -> list[tuple[int | None, str]]:
        return [piece for part in self._parts for piece in _pages(part) if piece[1]]


def _pages(part: Part) -> Iterator[tuple[int | None, str]]:
    """The pages of a text, and what stands before the first of them."""
    if not part.pages:
        # A line that looks like a mark is one of the sender's own.
        yield None, _plain(part.text)
        return
    before, *marked = PAGE_MARK.split(part.text)
    yield None, _plain(before)
    for number, text in zip(marked[::2], marked[1::2], strict=True):
        yield int(number), _plain(text)


def _plain(text: str) -> str:
    return " ".join(text.translate(_PLAIN_QUOTES).split()).casefold()
