"""Where a quotation stands in the documents of a job."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from .parts import Part

PAGE_MARK = re.compile(r"^\[page ([0-9]{1,6})\]$", re.MULTILINE)
_PLAIN_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")


class Place(NamedTuple):
    """`document` counts from 1; `page` is None in a document without pages."""

    document: int
    page: int | None


class PagedTexts:
    """The texts of documents, page by page. Case, white space and shapes of quotes don't count."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._texts = [_PagedText(part) for part in parts]

    def find(self, quote: str, *, first: int = 0) -> Place | None:
        """Where the quotation begins; None where it does not stand, or is empty.

        The document with the number `first` is looked at before the others.
        """
        wanted = _plain(quote)
        numbered = sorted(enumerate(self._texts, 1), key=lambda one: one[0] != first)
        for number, text in numbered if wanted else ():
            at = text.text.find(wanted)
            if at >= 0:
                return Place(number, text.page_at(at))
        return None

    def may_hold(self, document: int) -> bool:
        """Whether a quotation that is not found may stand there all the same: in a file.

        0 stands for any of the documents.
        """
        return any(part.is_file for part in (self._named(document) or self._parts))

    def possible(self, document: int, page: int) -> Place:
        """The place that somebody names, as far as there is one; the document may be 0."""
        pages = max((part.pages or 0 for part in self._named(document) or self._parts), default=0)
        number = document if self._named(document) else 0
        return Place(number, page if 0 < page <= pages else None)

    def _named(self, document: int) -> Sequence[Part]:
        return self._parts[document - 1 : document] if document > 0 else ()


class _PagedText:
    def __init__(self, part: Part) -> None:
        self._part = part

    def page_at(self, position: int) -> int | None:
        """On which page this position of the text lies."""
        return next((page for start, page in reversed(self._starts) if start <= position), None)

    @cached_property
    def text(self) -> str:
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
        return [piece for piece in _pages(self._part) if piece[1]]


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
