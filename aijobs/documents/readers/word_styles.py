"""Styles: what a paragraph or a run inherits from them."""

import re
from dataclasses import dataclass, field
from typing import Any

from .office import child, children, is_on, value, whole

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_DEEPEST = 50


@dataclass(slots=True)
class _Style:
    name: str = ""
    based_on: str = ""
    outline: int | None = None
    list_id: str | None = None
    level: int | None = None
    switches: dict[str, bool] = field(default_factory=dict)
    raised: str | None = None
    in_table: dict[str, dict[str, bool]] = field(default_factory=dict)
    """The switches of the parts of a table, "firstRow" or "wholeTable"."""


class Styles:
    """The styles of a document by id."""

    def __init__(self, root: Any = ()) -> None:
        self._styles: dict[str, _Style] = {}
        self.usual = ""
        """The style of paragraphs that name none."""
        for one in children(root, "w:style"):
            key = value(one, "styleId") or ""
            self._styles[key] = _read(one)
            if value(one, "type") == "paragraph" and value(one, "default") in {"1", "true", "on"}:
                self.usual = key
        self.lists = {key: one.list_id for key, one in self._styles.items() if one.list_id}

    def _chain(self, key: str) -> list[tuple[str, _Style]]:
        found: list[tuple[str, _Style]] = []
        # A style may, by mistake, stand on itself.
        while key in self._styles and len(found) < _DEEPEST:
            found.append((key, self._styles[key]))
            key = self._styles[key].based_on
        return found

    def heading(self, key: str) -> int | None:
        """The level of a heading's style, from 1."""
        for _, style in self._chain(key):
            if style.outline is not None:
                return style.outline + 1 if style.outline < 9 else None
            # Names are the same in all languages; ids are translated.
            match = _HEADING.fullmatch(style.name.strip())
            if match:
                return int(match[1])
            if style.name.strip().lower() == "title":
                return 1
        return None

    def numbering(self, key: str) -> tuple[str | None, int | None, list[str]]:
        """The list and the level, from 0, that a style puts paragraphs on, and the styles asked."""
        list_id = level = None
        chain = self._chain(key)
        for _, style in chain:
            list_id = style.list_id if list_id is None else list_id
            level = style.level if level is None else level
        return list_id, level, [name for name, _ in chain]

    def switch(self, name: str, key: str) -> bool:
        """Whether a style turns `w:strike`, `w:dstrike` or `w:vanish` on."""
        return next(
            (style.switches[name] for _, style in self._chain(key) if name in style.switches), False
        )

    def switches_in_table(self, key: str) -> dict[str, dict[str, bool]]:
        """What a table style switches on and off in which part of a table."""
        found: dict[str, dict[str, bool]] = {}
        for _, style in reversed(self._chain(key)):
            for part, switches in {"wholeTable": style.switches, **style.in_table}.items():
                found[part] = found.get(part, {}) | switches
        return {part: switches for part, switches in found.items() if switches}

    def raised(self, key: str) -> str | None:
        """`superscript` or `subscript` where a style says so."""
        return next((style.raised for _, style in self._chain(key) if style.raised), None)


def _read(one: Any) -> _Style:
    style = _Style()
    for attribute, name in (("name", "w:name"), ("based_on", "w:basedOn")):
        element = child(one, name)
        if element is not None:
            setattr(style, attribute, value(element) or "")
    outline = child(one, "w:pPr", "w:outlineLvl")
    if outline is not None:
        style.outline = whole(outline, default=9)
    style.list_id, style.level = list_of(child(one, "w:pPr"))
    properties = child(one, "w:rPr")
    if properties is not None:
        style.switches = switches_of(properties)
        style.raised = raised_of(properties)
    for part in children(one, "w:tblStylePr"):
        properties = child(part, "w:rPr")
        if properties is not None:
            style.in_table[value(part, "type") or ""] = switches_of(properties)
    return style


def list_of(properties: Any) -> tuple[str | None, int | None]:
    """The list and the level that the properties of a paragraph or style name."""
    found = None if properties is None else child(properties, "w:numPr")
    if found is None:
        return None, None
    list_id, level = child(found, "w:numId"), child(found, "w:ilvl")
    return (
        None if list_id is None else value(list_id),
        None if level is None else whole(level),
    )


def switches_of(properties: Any) -> dict[str, bool]:
    """Which of struck, struck twice and hidden the properties of a run or style say."""
    found = {}
    for name in ("w:strike", "w:dstrike", "w:vanish"):
        element = child(properties, name)
        if element is not None:
            found[name] = is_on(element)
    return found


def raised_of(properties: Any) -> str | None:
    """`superscript`, `subscript` or `baseline` where the properties of a run or style say so."""
    element = child(properties, "w:vertAlign")
    if element is not None:
        return value(element)
    position = child(properties, "w:position")
    if position is None:
        return None
    moved = whole(position)
    return "superscript" if moved > 0 else "subscript" if moved < 0 else "baseline"
