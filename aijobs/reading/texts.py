"""The text of a document, part by part: memory stays flat however long it is.

A text is stored as JSON, which PostgreSQL hands out in pieces. They are read from the start on,
until the wanted part is there: only so it is known where an escape begins, and which page it is.
"""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any
from uuid import UUID

from django.db import connection

from aijobs.jobtypes.passages import Passages, Span, may_hold
from aijobs.jobtypes.quotes import PAGE_MARK
from aijobs.models import JobDocument
from citizenapp.tenants.models import Tenant

# Characters of a part, and how far before its end a better place to cut is looked for.
PART = 40_000
SLACK = 2_000
# What may follow of a passage that begins at the end of a part.
OVERLAP = 6_000
# Bytes of JSON that are read at once.
PIECE = 400_000

# Bytes are cut without a walk through all characters before them. They are unpacked once, and how
# many they are is known without that.
PIECES = """
WITH document AS MATERIALIZED (
    SELECT convert_to(text::text, 'UTF8') AS raw FROM aijobs_jobdocument
    WHERE job_id = %(job)s AND number = %(number)s AND EXISTS (
        SELECT FROM aijobs_aijob
        WHERE id = job_id AND tenant_id = %(tenant)s AND erasing_since IS NULL)
)
SELECT substr(raw, piece, %(size)s)
FROM document, generate_series(
    %(first)s::int, (octet_length(raw) * %(share)s::float8)::int + 1, %(size)s) AS piece
ORDER BY piece
"""
# An escape that is cut leaves at most five characters, beside the quote at the end.
_LONGEST_ESCAPE = 8


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document, counted from 1 of `parts`; `page` is the one that it begins on.

    `following` is the beginning of the next part, in which a passage of this one may end.
    """

    number: int
    parts: int
    text: str
    following: str = ""
    page: int | None = None

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.parts else None


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands in a part: the mark of a page, plain text, or text that is quoted.

    A quotation has its number at its first piece alone.
    """

    text: str = ""
    page: int | None = None
    is_quoted: bool = False
    quote: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A part that is shown: its pieces, and which quotations stand in it, by their numbers."""

    part: Part
    pieces: Sequence[Piece] = field(default_factory=list)
    quotes: frozenset[int] = frozenset()


def parts_of(document: JobDocument) -> int:
    return max(1, -(-document.characters // PART))


def part(tenant: Tenant, document: JobDocument, number: int) -> Part:
    """The part of this number, or the last one there is. One query."""
    found = Part(1, 1, "")
    with closing(_parts(tenant, document, number)) as parts:
        for found in parts:
            if found.number >= number:
                break
    return found


def part_of_page(tenant: Tenant, document: JobDocument, page: int) -> Part:
    """The part in which this page begins; the first one where none does. One query."""
    mark = re.compile(rf"^\[page {page}\]$", re.MULTILINE)
    first = None
    with closing(_parts(tenant, document)) as parts:
        for one in parts:
            first = first or one
            if mark.search(one.text):
                return one
    return first or Part(1, 1, "")


def part_of_quote(tenant: Tenant, document: JobDocument, quote: str) -> Part | None:
    """The part in which a quotation begins; None where it stands in none. One query."""
    with closing(_parts(tenant, document)) as parts:
        for one in parts:
            whole, has_pages = one.text + one.following, bool(document.pages)
            # Where each word lies is found out only where the words are.
            if may_hold(whole, quote, has_pages=has_pages) and _span(
                one, _passages(one, document), quote
            ):
                return one
    return None


def shown(part: Part, document: JobDocument, quotes: Sequence[tuple[int, str]]) -> Shown:
    """A part cut up for the page; `quotes` are those to be pointed at, with their numbers."""
    passages = _passages(part, document) if any(quote for _, quote in quotes) else None
    spans = []
    for number, quote in quotes if passages else ():
        assert passages is not None
        if found := _span(part, passages, quote):
            spans.append((found, number))
    return Shown(
        part,
        list(_pieces(part.text, spans, has_pages=bool(document.pages))),
        frozenset(number for _, number in spans),
    )


def _passages(part: Part, document: JobDocument) -> Passages:
    return Passages(part.text + part.following, has_pages=bool(document.pages))


def _span(part: Part, passages: Passages, quote: str) -> Span | None:
    """Where it stands in the part; None where it begins only in the next one."""
    found = passages.find(quote)
    if found is None or found.start >= len(part.text):
        return None
    return Span(found.start, min(found.end, len(part.text)))


def _pieces(text: str, spans: Sequence[tuple[Span, int]], *, has_pages: bool) -> Iterator[Piece]:
    """Plain and quoted text in turn, with the marks of pages between. Nothing is shown twice."""
    marks = list(PAGE_MARK.finditer(text)) if has_pages else []
    cuts = {0, len(text)}
    cuts |= {edge for mark in marks for edge in (mark.start(), mark.end())}
    cuts |= {edge for span, _ in spans for edge in span}
    pages = {mark.start(): int(mark[1]) for mark in marks}
    told: set[int] = set()
    ordered = sorted(cuts)
    for start, end in pairwise(ordered):
        if start in pages:
            yield Piece(page=pages[start])
            continue
        inside = [number for span, number in spans if span.start <= start < span.end]
        begins = next((number for number in inside if number not in told), None)
        # Of several that begin at one place each has its own mark, if an empty one.
        for number in inside:
            if number not in told and number != begins:
                yield Piece(is_quoted=True, quote=number)
        told.update(inside)
        said = text[start:end]
        if has_pages and start - 1 >= 0 and _ends_mark(marks, start):
            said = said.removeprefix("\n")
        yield Piece(said, is_quoted=bool(inside), quote=begins)


def _ends_mark(marks: Sequence[re.Match[str]], position: int) -> bool:
    return any(mark.end() == position for mark in marks)


def _parts(tenant: Tenant, document: JobDocument, last: int | None = None) -> Generator[Part]:
    """All parts from the first one on, as far as `last`.

    Each is told once the beginning of the next is there.
    """
    count, number, page = parts_of(document), 1, None
    waiting, gone = "", 0
    reach = document.characters if last is None else last * PART + OVERLAP
    with closing(_texts(tenant, document, reach)) as texts:
        for text in chain(texts, [None]):
            waiting += text or ""
            needed = OVERLAP if text is not None else 1
            while number < count and gone + len(waiting) >= number * PART + needed:
                cut = _cut(waiting, number * PART - gone)
                one = Part(number, count, waiting[:cut], waiting[cut : cut + OVERLAP], page)
                page = _last_page(one.text, document) or page
                waiting, gone, number = waiting[cut:], gone + cut, number + 1
                yield one
    yield Part(number, number, waiting, "", page)


def _cut(text: str, most: int) -> int:
    """Where to cut at the latest after `most` characters: rather behind a line, or a word."""
    for end in ("\n", " "):
        found = text.rfind(end, max(0, most - SLACK), most)
        if found > 0:
            return found + 1
    return most


def _last_page(text: str, document: JobDocument) -> int | None:
    marks = PAGE_MARK.findall(text) if document.pages else []
    return int(marks[-1]) if marks else None


def _texts(tenant: Tenant, document: JobDocument, reach: int) -> Generator[str]:
    """The text from its beginning on, piece by piece. One query for as far as it will be read.

    Where its end has longer characters than its beginning, there may be a second one.
    """
    share = min(1.0, 1.05 * reach / max(1, document.characters))
    raw, first, letters = "", 1, getincrementaldecoder("utf-8")()
    while True:
        piece = b""
        with closing(_pieces_of(tenant, document, first, share)) as pieces:
            for piece in pieces:
                raw += letters.decode(piece)
                if first == 1:
                    raw = raw[1:]
                first += len(piece)
                text, raw = _decoded(raw)
                yield text
        if len(piece) < PIECE:
            return
        share = 1.0


def _pieces_of(tenant: Tenant, document: JobDocument, first: int, share: float) -> Generator[bytes]:
    """Pieces of the JSON from a byte on, counted from 1, up to such a share of all."""
    job_id: UUID = document.job_id
    asked: dict[str, Any] = {
        "job": job_id,
        "number": document.number,
        "tenant": tenant.pk,
        "size": PIECE,
        "first": first,
        "share": share,
    }
    # Few of them need no cursor that PostgreSQL keeps.
    is_short = share * document.characters <= 2 * PIECE
    with connection.cursor() if is_short else connection.chunked_cursor() as cursor:
        cursor.execute(PIECES, asked)
        while rows := cursor.fetchmany(1):
            yield bytes(rows[0][0])


def _decoded(raw: str) -> tuple[str, str]:
    """As much of the inside of a JSON string as is whole, and what is left: its end, at least."""
    for left in range(1, min(_LONGEST_ESCAPE, len(raw)) + 1):
        try:
            return json.loads(f'"{raw[:-left]}"'), raw[-left:]
        except ValueError:
            continue
    return "", raw
