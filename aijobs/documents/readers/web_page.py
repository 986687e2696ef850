"""HTML: what a browser would show of it."""

import re
import sys
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from . import web_styles
from .content import Content, Limits, Refusal
from .web_lists import marker
from .web_tables import grid

_TOO_DEEP = 400
# Elements that browsers show nothing of, whatever stands in them.
_SILENT = frozenset({
    "area", "audio", "canvas", "col", "colgroup", "datalist", "meter", "noframes", "noscript",
    "param", "progress", "rp", "script", "source", "style", "template", "track", "video",
})  # fmt: skip
# Elements that show another file, which is not fetched.
_FOREIGN = frozenset({"embed", "frame", "iframe", "object"})
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "button", "cite", "code", "data", "dfn", "em",
    "font", "i", "img", "input", "ins", "kbd", "label", "mark", "output", "picture", "q", "ruby",
    "samp", "select", "small", "span", "strong", "sub", "sup", "textarea", "time", "tt", "u", "var",
    "wbr",
})  # fmt: skip
# Blocks with an empty line around them.
_APART = frozenset({
    "article", "blockquote", "dl", "fieldset", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "p", "pre", "section", "table", "title",
})  # fmt: skip
_STRUCK = re.compile(r"(?:^|;)\s*text-decoration(?:-line)?\s*:[^;]*\bline-through\b")
_SPACES = re.compile("[ \t\n\f\r]+")
_BUTTONS = frozenset({"button", "submit", "reset"})
_MUTE_INPUTS = frozenset({"hidden", "password", "file", "color", "range"})


def read(data: bytes, limits: Limits) -> Content:
    """The page as a browser shows it; `data` is UTF-8."""
    sys.setrecursionlimit(10_000)
    source = data.decode()
    tree = LexborHTMLParser(source)
    may_hide = web_styles.hide(tree)
    page = _Page(limits)
    title = tree.css_first("head > title")
    if title is not None:
        page.node(title, 0)
    # Frames stand in the place of a body.
    for node in _children(tree.root) if tree.root else ():
        if node.tag != "head":
            page.node(node, 0)
    content = Content(page.text())
    content.missing += page.missing(_swallowed(source))
    content.warnings += page.warnings(may_hide=may_hide)
    return content


class _Page:
    """Collects what is shown, line by line."""

    def __init__(self, limits: Limits, *, in_cell: bool = False) -> None:
        self._limits = limits
        self._lines: list[str] = [""]
        self._size = 0
        self._indent = ""
        self._marker = ""
        self._preformatted = 0
        self._in_cell = in_cell
        self.seen = {"struck": 0, "hidden": 0, "pictures": 0, "frames": 0}

    def text(self) -> str:
        """All lines, with at most one empty one between two."""
        joined = "\n".join(line.rstrip() for line in self._lines).replace("\0", "")
        return re.sub(r"\n{3,}", "\n\n", joined).strip()

    def missing(self, swallowed: str) -> list[str]:
        missing = []
        if swallowed:
            missing.append(f"what follows an unclosed <{swallowed}> is not shown")
        if frames := self.seen["frames"]:
            missing.append(
                _counted(frames, "embedded file is not read", "embedded files are not read")
            )
        return missing

    def warnings(self, *, may_hide: bool) -> list[str]:
        warnings = []
        if self.seen["struck"]:
            warnings.append("struck or deleted text was left out")
        if self.seen["hidden"]:
            warnings.append("hidden text was left out")
        if pictures := self.seen["pictures"]:
            warnings.append(
                _counted(pictures, "picture has no description", "pictures have no description")
            )
        if may_hide:
            warnings.append("text that a style sheet may hide was read")
        return warnings

    def node(self, node: LexborNode, depth: int) -> None:
        """Add what is shown of an element or a text."""
        tag = node.tag or ""
        if depth > _TOO_DEEP:
            raise Refusal("The page is nested too deeply.")
        if tag == "-text":
            self._say(node.text_content or "")
        elif tag.startswith("-") or tag in _SILENT:
            return
        elif reason := _unseen(node, tag):
            self.seen[reason] += bool(node.text(deep=True).strip())
        elif tag in _FOREIGN:
            self._foreign(node, tag, depth)
        elif special := getattr(self, f"_on_{tag}", None):
            special(node, depth)
        elif tag in _INLINE:
            self._inside(node, depth)
        else:
            self._block(node, depth, apart=tag in _APART)

    def _inside(self, node: LexborNode, depth: int) -> None:
        for child in _children(node):
            self.node(child, depth + 1)

    def _block(self, node: LexborNode, depth: int, *, apart: bool) -> None:
        self._end_line(apart=apart)
        self._inside(node, depth)
        self._end_line(apart=apart)

    def _say(self, text: str) -> None:
        # A soft hyphen is seen at the end of a line only.
        text = text.replace("\u00ad", "")
        if self._preformatted:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self._put(first)
            for line in others:
                self._lines.append("")
                self._put(line)
            return
        text = _SPACES.sub(" ", text)
        if not self._lines[-1] or self._lines[-1].endswith(" "):
            text = text.removeprefix(" ")
        self._put(text)

    def _put(self, text: str) -> None:
        if not text:
            return
        if not self._lines[-1]:
            text = (self._marker or self._indent) + text
            self._marker = ""
        self._size += len(text)
        if self._size > self._limits.unpacked:
            raise Refusal("The page holds too much text.")
        self._lines[-1] += text

    def _end_line(self, *, apart: bool = False) -> None:
        if self._lines[-1].strip():
            self._lines.append("")
        if apart and not self._in_cell and len(self._lines) > 1 and self._lines[-2].strip():
            self._lines.append("")

    def _on_br(self, node: LexborNode, depth: int) -> None:  # noqa: ARG002
        self._lines.append("")

    def _on_pre(self, node: LexborNode, depth: int) -> None:
        self._end_line(apart=True)
        self._preformatted += 1
        self._inside(node, depth)
        self._preformatted -= 1
        self._end_line(apart=True)

    def _heading(self, node: LexborNode, depth: int) -> None:
        part = self._part(node, depth)
        self._end_line(apart=True)
        text = " ".join(part.text().split("\n"))
        if text:
            mark = "" if self._in_cell else "#" * int((node.tag or "h1")[1]) + " "
            self._put(mark + re.sub(" {2,}", " ", text))
        self._end_line(apart=True)

    _on_h1 = _on_h2 = _on_h3 = _on_h4 = _on_h5 = _on_h6 = _heading

    def _part(self, node: LexborNode, depth: int) -> "_Page":
        """What an element holds, collected apart; in a cell there are no empty lines."""
        part = _Page(self._limits, in_cell=True)
        part.seen = self.seen
        part._size = self._size
        part._inside(node, depth)
        return part

    def _on_ol(self, node: LexborNode, depth: int) -> None:
        if self._marker:
            # An item that begins with a list has its number on a line of its own.
            self._put(" ")
        outer = self._indent
        self._end_line(apart=not outer)
        items = [child for child in _children(node) if child.tag == "li" and not _unseen(child)]
        numbers = marker(node, items)
        for child in _children(node):
            if child.tag != "li" or _unseen(child):
                self.node(child, depth + 1)
                continue
            self._end_line()
            self._marker = number = outer + next(numbers)
            self._indent = outer + "  "
            self._inside(child, depth + 1)
            if number.strip() and self._marker:
                self._put(" ")
            self._marker = ""
            self._end_line()
            self._indent = outer
        self._end_line(apart=not outer)

    _on_ul = _on_menu = _on_dir = _on_ol

    def _on_table(self, node: LexborNode, depth: int) -> None:
        shown = grid(node, is_shown=self._is_shown)
        self._end_line(apart=True)
        for caption in shown.captions:
            self._block(caption, depth, apart=False)
        if shown.is_layout:
            for row in shown.rows:
                for cell in row:
                    if cell is not None:
                        self._block(cell, depth + 3, apart=False)
        else:
            for index, row in enumerate(shown.rows):
                cells = [self._cell(cell, depth) for cell in row]
                self._end_line()
                self._put(f"| {' | '.join(cells)} |")
                if not index:
                    self._end_line()
                    self._put(f"|{' --- |' * len(cells)}")
        self._end_line(apart=True)

    def _is_shown(self, node: LexborNode) -> bool:
        reason = _unseen(node)
        if reason:
            self.seen[reason] += bool(node.text(deep=True).strip())
        return not reason

    def _cell(self, cell: LexborNode | None, depth: int) -> str:
        if cell is None:
            return ""
        lines = self._part(cell, depth + 3).text().split("\n")
        return " / ".join(line.strip() for line in lines if line.strip()).replace("|", "\\|")

    def _on_sup(self, node: LexborNode, depth: int) -> None:
        text = " ".join(self._part(node, depth).text().split())
        note = next(
            (a for a in node.css("a[href]") if (a.attributes["href"] or "")[:1] == "#"), None
        )
        if text and note is not None:
            self._put(f"[note {text.strip('[]() ')}]")
        elif text:
            raised = (self._lines[-1][-1:].strip() and text[0].isalnum()) or text[:1] in {
                "-",
                "+",
                "−",
            }
            self._put(f"^{text}" if raised else text)

    def _on_img(self, node: LexborNode, depth: int) -> None:  # noqa: ARG002
        alt = node.attributes.get("alt")
        if alt and alt.strip():
            self._say(f"[{_SPACES.sub(' ', alt.strip())}]")
        elif alt is None and "alt" not in node.attributes:
            self.seen["pictures"] += 1

    def _on_svg(self, node: LexborNode, depth: int) -> None:
        """Only the words in a drawing are text."""
        for label in node.css("text"):
            if not _unseen(label):
                self._block(label, depth, apart=False)

    def _on_math(self, node: LexborNode, depth: int) -> None:
        alt = node.attributes.get("alttext")
        if alt:
            self._say(f" {alt} ")
        else:
            self._inside(node, depth)

    def _on_annotation(self, node: LexborNode, depth: int) -> None:
        """The source of a formula is not shown."""

    def _on_input(self, node: LexborNode, depth: int) -> None:  # noqa: ARG002
        kind = (node.attributes.get("type") or "text").strip().lower()
        value = node.attributes.get("value") or ""
        if kind in {"checkbox", "radio"}:
            self._say("☒ " if "checked" in node.attributes else "☐ ")
        elif kind == "image":
            self._on_img(node, 0)
        elif kind in _BUTTONS:
            self._say(f" {value} ")
        elif kind not in _MUTE_INPUTS:
            self._say(value)

    def _on_textarea(self, node: LexborNode, depth: int) -> None:  # noqa: ARG002
        self._preformatted += 1
        self._say(node.text(deep=True))
        self._preformatted -= 1

    def _on_select(self, node: LexborNode, depth: int) -> None:  # noqa: ARG002
        options = node.css("option")
        chosen = [option for option in options if "selected" in option.attributes]
        if "multiple" not in node.attributes:
            # Of several the last counts; without one the first is shown.
            chosen = chosen[-1:] or options[:1]
        self._say(f" {', '.join(option.text(deep=True).strip() for option in chosen)} ")

    def _on_rt(self, node: LexborNode, depth: int) -> None:
        self._say("(")
        self._inside(node, depth)
        self._say(")")

    def _on_q(self, node: LexborNode, depth: int) -> None:
        self._say("“")
        self._inside(node, depth)
        self._say("”")

    def _foreign(self, node: LexborNode, tag: str, depth: int) -> None:
        sizes = (node.attributes.get("width"), node.attributes.get("height"))
        source = node.attributes.get("src") or node.attributes.get("data")
        # Frames of one pixel count visitors.
        if (source or "srcdoc" in node.attributes) and not set(sizes) & {"0", "1", "0px", "1px"}:
            self.seen["frames"] += 1
        elif tag == "object":
            self._inside(node, depth)


def _unseen(node: LexborNode, tag: str = "") -> str:
    """Why an element is not shown: "struck", "hidden" or nothing."""
    tag = tag or node.tag or ""
    if tag in {"del", "s", "strike"}:
        return "struck"
    attributes = node.attributes
    style = (attributes.get("style") or "").lower()
    if style and _STRUCK.search(style):
        return "struck"
    if "hidden" in attributes or (style and web_styles.HIDDEN.search(style)):
        return "hidden"
    if tag == "dialog" and "open" not in attributes:
        return "hidden"
    return ""


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.first_child
    while child is not None:
        yield child
        child = child.next


def _swallowed(source: str) -> str:
    """The element that is never closed and takes the rest of the page with it."""
    lower = re.sub(r"<!--.*?(-->|\Z)", "", source.lower(), flags=re.DOTALL)
    for tag in ("script", "style", "textarea", "title"):
        opened = [found.end() for found in re.finditer(rf"<{tag}\b[^>]*>", lower)]
        if opened and f"</{tag}" not in lower[opened[-1] :] and "<" in lower[opened[-1] :]:
            return tag
    return ""


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
