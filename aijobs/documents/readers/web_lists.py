"""The numbers and bullets of lists on a page, as a browser counts them."""

import re
from collections.abc import Iterator, Sequence

from selectolax.lexbor import LexborNode

_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*[^;]*?\b([a-z-]+)", re.IGNORECASE)
_KINDS = {
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
    "decimal": "1",
}
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


def marker(node: LexborNode, items: Sequence[LexborNode]) -> Iterator[str]:
    """What stands before each item of a list: "4. ", "- ", or nothing."""
    outer = _kind(node)
    step = -1 if "reversed" in node.attributes else 1
    number = _number(node.attributes.get("start"))
    if number is None:
        number = len(items) if step < 0 else 1
    for item in items:
        value = _number(item.attributes.get("value"))
        number = number if value is None else value
        kind = _kind(item) or outer or ("1" if node.tag == "ol" else "-")
        yield _shown(number, kind)
        number += step


def _kind(node: LexborNode) -> str:
    """How a list or an item says that it is numbered; nothing where it does not."""
    if style := _STYLE.search(node.attributes.get("style") or ""):
        name = style[1].lower()
        return "none" if name == "none" else _KINDS.get(name, "")
    kind = (node.attributes.get("type") or "").strip()
    return kind if kind in {"1", "a", "A", "i", "I"} else ""


def _number(text: str | None) -> int | None:
    found = re.match(r"\s*([+-]?\d{1,9})", text or "")
    return int(found[1]) if found else None


def _shown(number: int, kind: str) -> str:
    if kind == "none":
        return ""
    if kind == "-":
        return "- "
    shown = ""
    if kind in "aA" and number > 0:
        shown = _letters(number)
    elif kind in "iI" and 0 < number < 4000:
        shown = _roman(number)
    shown = shown or str(number)
    return f"{shown.upper() if kind in 'AI' else shown}. "


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(97 + letter) + letters
    return letters


def _roman(number: int) -> str:
    shown = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        shown += letters * count
    return shown
