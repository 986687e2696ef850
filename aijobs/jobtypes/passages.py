"""Where quotations stand in a text, to the character: so that a page can point at them.

What counts as the same is what counts for `quotes.PagedTexts`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from .quotes import PAGE_MARK, _plain

_WORD = re.compile(r"\S+")


class Span(NamedTuple):
    """From the character at `start` to the one before `end`."""

    start: int
    end: int


def may_hold(text: str, quote: str, *, has_pages: bool) -> bool:
    """Whether the quotation stands there, told quickly: not where."""
    said = PAGE_MARK.sub(" ", text) if has_pages else text
    wanted = _plain(quote)
    return bool(wanted) and wanted in _plain(said)


class Passages:
    """A text, or a part of one, in which quotations are looked for.

    Where it has pages, their marks are no part of what is quoted: a passage may go on behind one.
    """

    def __init__(self, text: str, *, has_pages: bool) -> None:
        self._text = text
        self._words: list[Span] = []
        self._starts: list[int] = []
        plain: list[str] = []
        position = 0
        for word in self._found(has_pages):
            said = _plain(text[word.start : word.end])
            self._words.append(word)
            self._starts.append(position)
            plain.append(said)
            position += len(said) + 1
        self._plain = " ".join(plain)

    def find(self, quote: str) -> Span | None:
        """The first place at which it stands; None where it does not, or is empty."""
        wanted = _plain(quote)
        at = self._plain.find(wanted) if wanted else -1
        if at < 0:
            return None
        return Span(self._position(at, is_end=False), self._position(at + len(wanted), is_end=True))

    def _found(self, has_pages: bool) -> Iterator[Span]:
        position = 0
        for mark in PAGE_MARK.finditer(self._text) if has_pages else ():
            yield from self._words_between(position, mark.start())
            position = mark.end()
        yield from self._words_between(position, len(self._text))

    def _words_between(self, start: int, end: int) -> Iterator[Span]:
        for word in _WORD.finditer(self._text, start, end):
            yield Span(word.start(), word.end())

    def _position(self, at: int, *, is_end: bool) -> int:
        """The place in the text of a place in what it comes to."""
        number = bisect_right(self._starts, at - is_end) - 1
        word, inside = self._words[number], at - self._starts[number]
        length = 0
        # One letter may come to two: "ß" is "ss" there.
        for place in range(word.start, word.end):
            if not is_end and inside < length + len(_plain(self._text[place])):
                return place
            if is_end and inside <= length:
                return place
            length += len(_plain(self._text[place]))
        return word.end
