"""What a page's own style sheets hide."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\b")
_SHOWING = re.compile(r"(?:^|;)\s*(?:display|visibility)\s*:")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_BRACES = re.compile(r"([^{}]*)([{}])")
# Elements, classes and ids: no others are sure to mean now what they mean when the page is open.
_SIMPLE = re.compile(r"(?:[a-z][\w-]*)?(?:[.#][a-z_][\w-]*)*", re.IGNORECASE)
# Each of them searches the whole page.
_MOST_SELECTORS = 2_000
_EVERYWHERE = re.compile(r"@media\s+(?:only\s+)?(?:all|screen)\s*")


def hide(tree: LexborHTMLParser) -> bool:
    """Mark what is hidden by simple rules as hidden.

    Returns whether others may hide text, or scripts show it again at a click.
    """
    hiding, others, unsure = _sorted(tree)
    may_hide = any(_has_text(node) for selector in unsure for node in _found(tree, selector))
    if len(hiding) + len(others) > _MOST_SELECTORS:
        return bool(hiding) or may_hide
    hidden = [node for selector in dict.fromkeys(hiding) for node in _found(tree, selector)]
    if not hidden:
        return may_hide
    if any(map(_runs, tree.css("script, [onclick]"))):
        return may_hide or any(map(_has_text, hidden))
    shown = {node.mem_id for selector in dict.fromkeys(others) for node in _found(tree, selector)}
    for node in hidden:
        if _SHOWING.search((node.attributes.get("style") or "").lower()):
            continue
        if node.mem_id in shown:
            # Which of two rules counts is a question of their order and weight.
            may_hide |= _has_text(node)
        elif node.tag not in {"html", "body"}:
            node.attrs["hidden"] = ""
    return may_hide


def _sorted(tree: LexborHTMLParser) -> tuple[list[str], list[str], list[str]]:
    """The selectors of rules that surely hide, that may show, and that may hide."""
    hiding: list[str] = []
    others: list[str] = []
    unsure: list[str] = []
    for sheet in tree.css("style"):
        is_here = (sheet.attributes.get("media") or "all").strip().lower() in {"all", "screen"}
        for around, selectors, rules in _rules(sheet.text(deep=True)):
            is_sure = is_here and all(map(_EVERYWHERE.fullmatch, around))
            for selector in map(str.strip, selectors.split(",")):
                if HIDDEN.search(rules):
                    is_simple = bool(selector and _SIMPLE.fullmatch(selector))
                    (hiding if is_sure and is_simple else unsure).append(selector)
                elif _SHOWING.search(rules):
                    others.append(selector)
    return hiding, others, unsure[:_MOST_SELECTORS]


def _rules(sheet: str) -> Iterator[tuple[list[str], str, str]]:
    """Each rule: the blocks around it, its selectors, and what it sets, in small letters."""
    around: list[str] = []
    at = 0
    text = _COMMENT.sub(" ", sheet)
    for match in _BRACES.finditer(text):
        before = match[1].strip()
        if match[2] == "{":
            around.append(before.rpartition(";")[2].strip() if not around else before)
        elif around:
            selectors = around.pop()
            if not selectors.startswith("@"):
                yield [one.lower() for one in around], selectors, before.lower()
        at = match.end()
    if around and not around[-1].startswith("@"):
        # A sheet that ends in a rule sets it nevertheless.
        yield [one.lower() for one in around[:-1]], around[-1], text[at:].lower()


def _found(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    try:
        return tree.css(selector)
    except ValueError:
        return []


def _runs(node: LexborNode) -> bool:
    """Whether it is no script that only holds data."""
    kind = (node.attributes.get("type") or "javascript").lower()
    return node.tag != "script" or "javascript" in kind or kind == "module"


def _has_text(node: LexborNode) -> bool:
    return bool(node.text(deep=True).strip())
