"""OpenDocument texts (.odt)."""

import sys
from collections.abc import Iterator
from typing import Any

from . import pipes
from .blocks import Block, Found, Size, is_page_number, joined, margins
from .content import Content, Limits, Refusal
from .office import DAMAGE, Package, child, children, descendants, name_of, value, whole
from .open_document_forms import Controls
from .open_document_lists import Lists, Place
from .open_document_styles import Styles
from .told import missing_of, warnings_of

_CALLS = 6000
_MOST_REPEATED = 63
_SILENT = {
    "text:tracked-changes", "text:sequence-decls", "text:variable-decls", "text:user-field-decls",
    "office:forms", "text:bookmark", "text:note-citation",
}  # fmt: skip
_SHAPES = {
    "draw:custom-shape", "draw:rect", "draw:ellipse", "draw:circle", "draw:line", "draw:polygon",
    "draw:caption", "draw:path", "draw:g", "draw:connector", "draw:polyline", "draw:measure",
}  # fmt: skip
_HEADERS = {
    f"style:{kind}{page}": kind for kind in ("header", "footer") for page in ("", "-left", "-first")
}


def read(data: bytes, limits: Limits) -> Content:
    """Body, headers, footers and notes, with the numbers that are shown."""
    sys.setrecursionlimit(_CALLS)
    package = Package(data, limits)
    if "META-INF/manifest.xml" in package:
        manifest = package.root("META-INF/manifest.xml")
        if descendants(manifest, "manifest:encryption-data"):
            raise Refusal("The document is protected by a password. Upload it without one.")
    content = package.root("content.xml")
    try:
        styles_root = package.root("styles.xml")
    except DAMAGE:
        styles_root = None
    roots = [root for root in (styles_root, content) if root is not None]
    story = _Story(package, Styles(roots), Lists(roots), Controls(content))
    size = Size(limits)
    body = child(content, "office:body", "office:text")
    text = joined(story.blocks(() if body is None else body), size)
    edges: dict[str, list[str]] = {"header": [], "footer": []}
    for master in () if styles_root is None else descendants(styles_root, "style:master-page"):
        for edge in master:
            if name_of(edge) in _HEADERS and value(edge, "display") != "false":
                story.is_margin = True
                edges[_HEADERS[name_of(edge)]].append(joined(story.blocks(edge), size))
    story.is_margin = False
    notes = []
    # A note may itself have notes.
    for label, note in story.notes:
        notes.append(f"[note {label}] {joined(story.blocks(note), size)}")
    pieces = [
        margins("header", edges["header"]),
        text,
        "\n".join(["# Notes", "", *notes]) if notes else "",
        margins("footer", edges["footer"]),
    ]
    whole_text = "\n\n".join(piece for piece in pieces if piece)
    if not whole_text and story.found.warnings["picture"]:
        raise Refusal("The document holds nothing but pictures. Run text recognition (OCR) first.")
    return Content(whole_text, missing=missing_of(story.found), warnings=warnings_of(story.found))


class _Story:
    """Reads paragraphs, lists and tables."""

    def __init__(self, package: Package, styles: Styles, lists: Lists, controls: Controls) -> None:
        self.found = Found()
        self.notes: list[tuple[str, Any]] = []
        self.is_margin = False
        self._package = package
        self._styles = styles
        self._lists = lists
        self._controls = controls
        self._has_page_number = False

    def blocks(self, element: Any, place: Place | None = None) -> Iterator[Block]:
        """What stands below an element, in order."""
        for one in element:
            name = name_of(one)
            if name in {"text:p", "text:h"}:
                yield from self._paragraph(one, place)
            elif name == "text:list":
                yield from self._list(one, place)
            elif name == "table:table":
                yield Block(pipes.table(self._rows(one)), is_table=True)
            elif name == "text:tracked-changes":
                self.found.warnings["deleted"] += len(descendants(one, "text:deletion"))
            elif name == "text:section" and value(one, "display") == "none":
                self.found.warnings["hidden"] += 1
            elif name.startswith("draw:"):
                yield from self._drawing(one)
            elif name not in _SILENT and not name.endswith("-source"):
                yield from self.blocks(one, place)

    def _list(self, element: Any, outer: Place | None) -> Iterator[Block]:
        place = self._lists.opened(element, outer)
        for item in element:
            if name_of(item) in {"text:list-item", "text:list-header"}:
                place.begin(item)
                yield from self.blocks(item, place)

    def _paragraph(self, paragraph: Any, place: Place | None) -> Iterator[Block]:
        style = value(paragraph, "style-name") or ""
        beside: list[Any] = []
        self._has_page_number = False
        if self._styles.is_hidden(style):
            self.found.warnings["hidden"] += 1
            return
        text = "".join(self._inline(paragraph, style, beside)).strip()
        if self._has_page_number and is_page_number(text):
            text = ""
        level = None
        if name_of(paragraph) == "text:h":
            level = whole(paragraph, "outline-level", 1)
        label = self._lists.label(paragraph, place, level, self._styles.list_of(style))
        if label and (text or label != "-"):
            text = f"{label} {text}".rstrip()
        if level is None and self._styles.is_title(style):
            level = 1
        yield Block(text, level if text else None)
        for one in beside:
            yield from self._drawing(one)

    def _inline(self, element: Any, style: str, beside: list[Any]) -> Iterator[str]:
        if element.text:
            yield self._text(element.text)
        for one in element:
            yield from self._part(one, style, beside)
            if one.tail:
                yield self._text(one.tail)

    def _text(self, text: str) -> str:
        # Line ends in the file are spaces on the page.
        return " ".join(text.replace("\u00ad", "").replace("\n", " ").split("\t"))

    def _part(self, one: Any, style: str, beside: list[Any]) -> Iterator[str]:
        name = name_of(one)
        if name in {"text:s", "text:tab", "text:line-break"}:
            yield _space(one, name)
        elif name == "text:note":
            yield self._note(one)
        elif name == "office:annotation":
            self.found.warnings["comment"] += 1
        elif name in {"text:page-number", "text:page-count"} and self.is_margin:
            self._has_page_number = True
        elif name in {"text:hidden-text", "text:hidden-paragraph"}:
            self.found.warnings["hidden"] += 1
        elif name == "text:ruby-text":
            yield f"({''.join(self._inline(one, style, beside))})"
        elif name.startswith("draw:"):
            yield from self._drawn(one, style, beside)
        elif name == "text:span":
            yield from self._span(one, beside)
        elif name and name not in _SILENT and not name.startswith("office:annotation"):
            yield from self._inline(one, style, beside)

    def _drawn(self, one: Any, style: str, beside: list[Any]) -> Iterator[str]:
        """What is drawn as a part of the line; the rest goes beside it."""
        if name_of(one) == "draw:a":
            for inner in one:
                yield from self._part(inner, style, beside)
        elif name_of(one) == "draw:control" and value(one, "anchor-type") == "as-char":
            yield self._control(one)
        else:
            beside.append(one)

    def _note(self, note: Any) -> str:
        """The mark of a note, whose text is kept for the end."""
        cited = child(note, "text:note-citation")
        label = "".join(cited.itertext()).strip() if cited is not None else "*"
        body = child(note, "text:note-body")
        if body is not None:
            self.notes.append((label, body))
        return f"[note {label}]"

    def _span(self, span: Any, beside: list[Any]) -> Iterator[str]:
        style = value(span, "style-name") or ""
        for why, is_so in (
            ("hidden", self._styles.is_hidden(style)),
            ("struck", self._styles.is_struck(style)),
        ):
            if is_so:
                self.found.warnings[why] += 1
                return
        text = "".join(self._inline(span, style, beside))
        sign = self._styles.raised(style)
        if sign and text.strip() and not text.startswith("[note "):
            bare = text.strip()
            text = sign + (bare if bare.isalnum() else f"({bare})")
        yield text

    def _rows(self, table: Any) -> Iterator[list[str]]:
        for row in table:
            name = name_of(row)
            if name == "table:table-row":
                cells: list[str] = []
                for one in row:
                    repeated = min(whole(one, "number-columns-repeated", 1), _MOST_REPEATED)
                    if name_of(one) == "table:table-cell":
                        text = "\n".join(self._cell_lines(one))
                        cells += [text] * repeated
                    elif name_of(one) == "table:covered-table-cell":
                        cells += [""] * repeated
                yield cells
            elif name in {"table:table-header-rows", "table:table-rows", "table:table-row-group"}:
                yield from self._rows(row)

    def _cell_lines(self, cell: Any) -> Iterator[str]:
        for one in cell:
            if name_of(one) == "table:table":
                yield pipes.nested(self._rows(one))
            else:
                for block in self.blocks((one,)):
                    yield block.text

    def _drawing(self, element: Any) -> Iterator[Block]:
        name = name_of(element)
        if name == "draw:frame":
            yield from self._frame(element)
        elif name == "draw:control":
            yield Block(self._control(element))
        elif name in _SHAPES or name == "draw:text-box":
            yield from self.blocks(element)

    def _control(self, element: Any) -> str:
        shown = self._controls.shown(value(element, "control") or "")
        if shown is None:
            self.found.missing["control"] += 1
        return shown or ""

    def _frame(self, frame: Any) -> Iterator[Block]:
        kinds = {name_of(one): one for one in frame}
        if "draw:object" in kinds:
            yield self._object(value(kinds["draw:object"], "href") or "", kinds["draw:object"])
        elif "draw:object-ole" in kinds or "draw:plugin" in kinds:
            self.found.missing["object object"] += 1
        elif "draw:text-box" in kinds:
            yield from self.blocks(kinds["draw:text-box"])
        elif "draw:image" in kinds:
            self.found.warnings["picture"] += 1
            described = any(
                name_of(one).endswith((":title", ":desc")) and one.text for one in frame
            )
            self.found.warnings["alternative"] += described

    def _object(self, href: str, element: Any) -> Block:
        """An embedded chart or equation; others are counted."""
        part = href.removeprefix("./").strip("/")
        try:
            root = self._package.root(f"{part}/content.xml") if part else element
        except DAMAGE:
            root = element
        equation = descendants(root, "math:annotation")
        if equation:
            return Block((equation[0].text or "").strip())
        chart = descendants(root, "chart:chart")
        if not chart:
            self.found.missing["object object"] += 1
            return Block("")
        titles = ["".join(one.itertext()).strip() for one in descendants(chart[0], "chart:title")]
        tables = [pipes.table(self._rows(one)) for one in children(chart[0], "table:table")]
        if not any(tables):
            self.found.missing["chart"] += 1
        return Block("\n\n".join(filter(None, ["\n".join(titles), *tables])), is_table=True)


def _space(element: Any, name: str) -> str:
    if name == "text:s":
        return " " * min(whole(element, "c", 1), 1000)
    return "\t" if name == "text:tab" else "\n"
