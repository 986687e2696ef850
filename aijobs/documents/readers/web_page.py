"""HTML: what a browser would show of it."""

import re
from html.parser import HTMLParser

from typing_extensions import override

from .content import Content, Limits


class _PageText(HTMLParser):
    """Collects what a browser would show, one line for each block."""

    hidden = frozenset({"script", "style", "template", "noscript", "svg", "math"})
    # fmt: off
    inline = frozenset({
        "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "img", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
        "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    })
    # fmt: on

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.within: list[str] = []
        self.preformatted = 0

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self.hidden:
            self.within.append(tag)
        elif tag not in self.inline:
            self.parts.append("\n")
        self.preformatted += tag == "pre"

    @override
    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in self.inline:
            self.parts.append("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in self.within:
            del self.within[self.within.index(tag) :]
        elif tag not in self.inline:
            self.parts.append("\n")
        self.preformatted -= tag == "pre" and self.preformatted > 0

    @override
    def handle_data(self, data: str) -> None:
        if not self.within:
            self.parts.append(data if self.preformatted else re.sub("[ \t\n\f\r]+", " ", data))


def read(data: bytes, limits: Limits) -> Content:  # noqa: ARG001
    """The page as a browser shows it; `data` is UTF-8."""
    parser = _PageText()
    parser.feed(data.decode())
    parser.close()
    lines = (line.strip() for line in "".join(parser.parts).replace("\0", "").split("\n"))
    return Content(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())
