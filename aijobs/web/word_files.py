"""A result as a Word document. Whatever stands in a text stays text."""

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aijobs.jobtypes.text import utf8
from aijobs.web.outlines import Block

# What XML cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLES = {"text": "Normal", "quote": "Quote", "note": "Subtitle"}
MOST_TITLE = 200


def word_file(title: str, blocks: Iterable[Block], made_at: datetime) -> bytes:
    """The blocks as the bytes of a .docx; `made_at`: when the result came to be."""
    word = Document()
    about = word.core_properties
    about.title, about.author = _clean(title)[:MOST_TITLE], "CitizenApp"
    about.comments = ""
    about.created = about.modified = made_at.replace(tzinfo=None)
    for block in blocks:
        if not block.text.strip():
            continue
        if block.kind == "heading":
            _turned(word.add_heading(_clean(" ".join(block.text.split())), block.level))
        elif block.kind == "markdown":
            _add_markdown(word, block.text)
        else:
            for lines in re.split(r"\n\s*\n", block.text):
                _turned(word.add_paragraph(_clean(lines.strip()), _STYLES[block.kind]))
    out = io.BytesIO()
    word.save(out)
    return _without_the_clock(out)


def _without_the_clock(made: io.BytesIO) -> bytes:
    """The same result makes the same file: python-docx writes into it when it was packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            part = zipfile.ZipInfo(name)
            part.compress_type = zipfile.ZIP_DEFLATED
            after.writestr(part, before.read(name))
    return out.getvalue()


def _add_markdown(word: Any, text: str) -> None:
    """Headings, lists, strong and emphasized words; all else as it is written."""
    lists: list[str] = []
    style, level = "Normal", 0
    for token in MarkdownIt("commonmark", {"html": False}).parse(utf8(text)):
        match token.type:
            case "bullet_list_open":
                lists.append("List Bullet")
            case "ordered_list_open":
                lists.append("List Number")
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "blockquote_open":
                style = "Quote"
            case "blockquote_close":
                style = "Normal"
            case "heading_open":
                level = min(int(token.tag[1:]) + 1, 9)
            case "heading_close":
                level = 0
            case "inline":
                named = f"Heading {level}" if level else lists[-1] if lists else style
                paragraph = word.add_paragraph(style=named)
                _add_runs(paragraph, token.children or [])
                _turned(paragraph)
            case "fence" | "code_block":
                _turned(word.add_paragraph(_clean(token.content.rstrip("\n"))))


def _add_runs(paragraph: Any, tokens: Iterable[Token]) -> None:
    bold = italic = 0
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                bold += token.nesting
            case "em_open" | "em_close":
                italic += token.nesting
            case "softbreak":
                paragraph.add_run(" ")
            case "hardbreak":
                paragraph.add_run().add_break()
            case _ if token.content:
                run = paragraph.add_run(_clean(token.content))
                run.bold, run.italic = bool(bold) or None, bool(italic) or None


def _turned(paragraph: Any) -> None:
    """From right to left, where its first letter is of such a script."""
    directions = (unicodedata.bidirectional(letter) for letter in paragraph.text)
    if next((one for one in directions if one in ("L", "R", "AL")), "L") == "L":
        return
    paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
    for run in paragraph.runs:
        run.font.rtl = True


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", utf8(text))
