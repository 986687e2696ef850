"""The guides in docs/ that who writes a client needs, as HTML for our own pages.

A link from one to another leads to its page here; to a file that is no page, it is only text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import nh3
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

FOLDER = settings.BASE_DIR / "docs"
# By their file, in the order in which they are read.
GUIDES = {
    "quickstart": "Quick start",
    "api": "Every call, with an example",
    "documents": "Documents",
    "collections": "Collections",
    "webhooks": "Webhooks",
    "errors": "Errors",
    "api-versions": "Versions",
    "anthropic-batches": "Programs that speak Anthropic’s API",
}
_TAGS = {
    *("a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p"),
    *("pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {
    **{name: {"id"} for name in ("h2", "h3", "h4")},
    "a": {"href"},
    "ol": {"start"},
    "pre": {"tabindex"},
}
_SAMPLE = re.compile(r"^### (\w+) (\S+): \d+\n(?:(?!#|```)[^\n]*\n)*^```sh\n(.*?)^```", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Guide:
    """`headings` are those of the second level: anchor and text."""

    name: str
    title: str
    html: SafeString
    headings: tuple[tuple[str, str], ...]


@cache
def guide(name: str) -> Guide | None:
    """One of GUIDES, read once; None where there is none of that name."""
    if name not in GUIDES:
        return None
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(_text(name))
    headings = tuple(_with_anchors(tokens))
    _with_links(tokens)
    html = nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel="noopener",
    )
    # What is wider than the page can be scrolled, by keyboard too.
    html = html.replace("<pre>", '<pre tabindex="0">')
    html = html.replace("<table>", '<div class="wide-table" tabindex="0"><table>')
    html = html.replace("</table>", "</table></div>")
    return Guide(name, GUIDES[name], mark_safe(html), headings)  # noqa: S308 - nh3 made it safe


def samples() -> dict[tuple[str, str], str]:
    """The example of each call in docs/api.md, by method and path."""
    found: dict[tuple[str, str], str] = {}
    for method, path, code in _SAMPLE.findall(_text("api")):
        found.setdefault((method, path), code)  # Of several, the plainest comes first.
    return found


def _text(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


def _with_anchors(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    """Give headings ids; the title itself stands on the page already."""
    if tokens and tokens[0].tag == "h1":
        del tokens[:3]
    seen: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(one.content for one in inline.children or ())
        anchor = slugify(text) or "part"
        seen[anchor] = seen.get(anchor, 0) + 1
        anchor += f"-{seen[anchor]}" if seen[anchor] > 1 else ""
        token.attrSet("id", anchor)
        if token.tag == "h2":
            yield anchor, text


def _with_links(tokens: list[Token]) -> None:
    for token in tokens:
        children, is_dropped = [], False
        for one in token.children or ():
            if one.type == "link_open":
                address = _address(str(one.attrGet("href") or ""))
                is_dropped = address is None
                if address is not None:
                    one.attrSet("href", address)
            if is_dropped and one.type in ("link_open", "link_close"):
                is_dropped = is_dropped and one.type == "link_open"
                continue
            children.append(one)
        if token.children is not None:
            token.children = children


def _address(href: str) -> Any:
    """Where a link of a guide leads on our pages; None where that is nowhere."""
    if href.startswith(("http://", "https://", "#")):
        return href
    file, _, anchor = href.partition("#")
    if file == "openapi.yaml":
        return "/api/schema"
    name = file.removesuffix(".md")
    if name not in GUIDES:
        return None
    return f"/api/docs/guides/{name}" + (f"#{anchor}" if anchor else "")
