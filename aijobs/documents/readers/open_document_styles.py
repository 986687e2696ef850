"""Styles of OpenDocument texts: struck, hidden, raised, and the lists of paragraphs."""

from collections.abc import Iterable
from typing import Any

from .office import child, descendants, value

_DEEPEST = 50


class Styles:
    """The styles of a document, those of single paragraphs among them, by name."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._styles = {
            value(style, "name") or "": style
            for root in roots
            for style in descendants(root, "style:style")
            if value(style, "family") in {"text", "paragraph"}
        }

    def _first(self, key: str, attribute: str, *, of_text: bool = True) -> str:
        """The nearest value of an attribute along the styles that a style stands on."""
        for _ in range(_DEEPEST):
            style = self._styles.get(key)
            if style is None:
                return ""
            holder = child(style, "style:text-properties") if of_text else style
            found = None if holder is None else value(holder, attribute)
            if found is not None:
                return found
            key = value(style, "parent-style-name") or ""
        return ""

    def is_hidden(self, key: str) -> bool:
        """Whether text in this style is not shown."""
        return self._first(key, "display") == "none"

    def is_struck(self, key: str) -> bool:
        """Whether text in this style is struck."""
        lines = {self._first(key, f"text-line-through-{name}") for name in ("style", "type")}
        return bool(lines - {"", "none"}) and "none" not in lines

    def raised(self, key: str) -> str:
        """`^` for raised text, `_` for lowered text."""
        place = self._first(key, "text-position").split()
        if not place:
            return ""
        if place[0] in {"super", "sub"}:
            return "^" if place[0] == "super" else "_"
        share = place[0].rstrip("%")
        return "" if share.strip("-0.") == "" else ("_" if share.startswith("-") else "^")

    def list_of(self, key: str) -> str:
        """The list style that paragraphs in this style are numbered by."""
        return self._first(key, "list-style-name", of_text=False)

    def is_title(self, key: str) -> bool:
        """Whether the style, or one that it stands on, is that of a document's title."""
        for _ in range(_DEEPEST):
            if key == "Title":
                return True
            style = self._styles.get(key)
            if style is None:
                return False
            key = value(style, "parent-style-name") or ""
        return False
