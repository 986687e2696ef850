"""What the usual writers of slides, mails and pages write comes back whole and in order."""

from email import policy
from email.message import EmailMessage
from itertools import chain
from typing import Any

import pptx
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pptx.util import Inches

from aijobs.documents import read_documents
from tests.documents.reading import read_document

from .word_files import saved

PLACE = Inches(1), Inches(3), Inches(6), Inches(1)
words = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8)
lines = st.lists(words, min_size=1, max_size=4).map(" ".join)
# A table of one column is a frame around text.
tables = st.integers(2, 3).flatmap(
    lambda wide: st.lists(st.lists(words, min_size=wide, max_size=wide), min_size=2, max_size=3)
)
few = settings(max_examples=8, deadline=None)


def piped(rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in rows]


def without_rules(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.startswith("| ---")]


slides = st.tuples(lines, st.lists(lines, max_size=3), st.none() | tables, st.none() | lines)


@few
@given(st.lists(slides, min_size=1, max_size=3))
def test_what_python_pptx_writes_comes_back(written: list[tuple[Any, ...]]) -> None:
    deck = pptx.Presentation()
    expected = []
    for number, (title, points, table, notes) in enumerate(written, 1):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(points)
        expected += [f"[slide {number}]", f"# {title}", *points]
        if table is not None:
            cells = slide.shapes.add_table(len(table), len(table[0]), *PLACE).table
            for cell, text in zip(cells.iter_cells(), chain(*table), strict=True):
                cell.text = text
            expected += piped(table)
        if notes is not None:
            slide.notes_slide.notes_text_frame.text = notes
            expected += ["[speaker's notes]", notes]
    assert without_rules(read_document(saved(deck), "a.pptx").text) == expected


@few
@given(lines, st.lists(lines, min_size=1, max_size=4), st.none() | lines)
def test_what_the_library_for_mails_writes_comes_back(
    subject: str, body: list[str], attached: str | None
) -> None:
    # Python's library may set a space too much where it parts a long header.
    message = EmailMessage(policy.default.clone(max_line_length=1000))
    message["From"] = "a@example.com"
    message["Subject"] = subject
    message.set_content("\n".join(body))
    message.add_alternative(f"<p>{'<br>'.join(body)}</p>", subtype="html")
    if attached is not None:
        message.add_attachment(attached, filename="a.txt")
    mail, *others = read_documents(message.as_bytes(), "a.eml")
    assert without_rules(mail.text) == ["From: a@example.com", f"Subject: {subject}", *body]
    assert [one.text.rstrip("\n") for one in others] == ([] if attached is None else [attached])


# Words with letters of their own before and behind, so that no Markdown is among them.
blocks = st.one_of(
    st.tuples(st.just("heading"), st.integers(1, 6), lines),
    st.tuples(st.just("text"), st.just(0), lines),
    st.tuples(st.just("numbers"), st.integers(1, 99), st.lists(lines, min_size=1, max_size=3)),
    st.tuples(st.just("bullets"), st.just(0), st.lists(lines, min_size=1, max_size=3)),
    st.tuples(st.just("table"), st.just(0), tables),
)


@few
@given(st.lists(blocks, min_size=1, max_size=5))
def test_pages_that_are_made_of_markdown_come_back(written: list[tuple[str, int, Any]]) -> None:
    source: list[str] = []
    expected: list[str] = []
    for kind, number, content in written:
        if kind == "heading":
            source += [f"{'#' * number} {content}"]
            expected += source[-1:]
        elif kind == "text":
            source += [f"x {content}"]
            expected += source[-1:]
        elif kind == "table":
            head, *rest = piped(content)
            source += ["\n".join([head, "|" + "---|" * len(content[0]), *rest])]
            expected += [head, *rest]
        else:
            marks = ["-" if kind == "bullets" else f"{number + n}." for n in range(len(content))]
            items = [f"{mark} x {text}" for mark, text in zip(marks, content, strict=True)]
            source += ["\n".join(items), "<!-- -->"]
            expected += items
    page = MarkdownIt().enable("table").render("\n\n".join(source))
    data = f'<meta charset="utf-8"><body>{page}'.encode()
    assert without_rules(read_document(data, "a.html").text) == expected
