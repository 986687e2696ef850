"""Numbers of lists and headings in OpenDocument texts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .number_formats import shown
from .office import children, descendants, name_of, value, whole

_DEEPEST = 10
_FORMATS = {
    "1": "decimal",
    "a": "lowerLetter",
    "A": "upperLetter",
    "i": "lowerRoman",
    "I": "upperRoman",
}
_LEVELS = {
    "text:list-level-style-number",
    "text:list-level-style-bullet",
    "text:list-level-style-image",
    "text:outline-level-style",
}


@dataclass(slots=True)
class _Level:
    is_bullet: bool = False
    form: str = "none"
    prefix: str = ""
    suffix: str = ""
    shown_levels: int = 1
    start: int = 1
    pattern: str | None = None


@dataclass(slots=True)
class Counts:
    """How far each level of a list was counted; None where it has not begun."""

    levels: list[int | None] = field(default_factory=lambda: [None] * _DEEPEST)

    def count(self, depth: int, start: int, restart: int | None) -> None:
        """Count one more paragraph on a level, from 0; deeper levels begin anew."""
        before = self.levels[depth]
        self.levels[depth] = start if before is None else before + 1
        if restart is not None:
            self.levels[depth] = restart
        self.levels[depth + 1 :] = [None] * (_DEEPEST - depth - 1)


@dataclass(slots=True)
class Place:
    """Where in a list a paragraph stands."""

    style: str
    counts: Counts
    depth: int
    waits: bool = False
    """Whether the item has not shown its number yet."""
    restart: int | None = None

    def begin(self, item: Any) -> None:
        """Go on to the next item."""
        self.waits = name_of(item) == "text:list-item"
        self.restart = whole(item, "start-value") if value(item, "start-value") else None


class Lists:
    """The list styles of a document, and the lists that were met."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._styles: dict[str, dict[int, _Level]] = {}
        self._outline: dict[int, _Level] = {}
        for root in roots:
            for style in descendants(root, "text:list-style"):
                self._styles[value(style, "name") or ""] = _levels(style)
            for style in descendants(root, "text:outline-style"):
                self._outline = _levels(style)
        self._by_id: dict[str, Counts] = {}
        self._last: dict[str, Counts] = {}
        self._headings = Counts()

    def opened(self, element: Any, outer: Place | None) -> Place:
        """The place at the beginning of a list, in another one or by itself."""
        style = value(element, "style-name") or (outer.style if outer else "")
        if outer is not None:
            return Place(style, outer.counts, min(outer.depth + 1, _DEEPEST - 1))
        counts = self._by_id.get(value(element, "continue-list") or "")
        if counts is None and value(element, "continue-numbering") == "true":
            counts = self._last.get(style)
        counts = counts or Counts()
        self._last[style] = counts
        own = value(element, "id")
        if own:
            self._by_id[own] = counts
        return Place(style, counts, 0)

    def label(self, paragraph: Any, place: Place | None, heading: int | None, by_style: str) -> str:
        """The number of a paragraph, a dash for a bullet, or nothing."""
        if heading is not None and (place is None or place.style not in self._styles):
            if value(paragraph, "is-list-header") == "true":
                return ""
            depth = min(max(heading, 1), _DEEPEST) - 1
            levels = self._outline
            start = levels.get(depth, _Level()).start
            restart = None
            if value(paragraph, "restart-numbering") == "true":
                restart = whole(paragraph, "start-value", start)
            self._headings.count(depth, start, restart)
            return _label(levels, self._headings, depth)
        if place is None or not place.waits:
            return ""
        place.waits = False
        levels = self._styles.get(place.style) or self._styles.get(by_style) or {}
        level = levels.get(place.depth, _Level())
        place.counts.count(place.depth, level.start, place.restart)
        return _label(levels, place.counts, place.depth)


def _levels(style: Any) -> dict[int, _Level]:
    found = {}
    for name in _LEVELS:
        for one in children(style, name):
            level = _Level(
                is_bullet=name.endswith(("bullet", "image")),
                form=_FORMATS.get(value(one, "num-format") or "", "none"),
                prefix=value(one, "num-prefix") or "",
                suffix=value(one, "num-suffix") or "",
                shown_levels=whole(one, "display-levels", 1),
                start=whole(one, "start-value", 1),
                pattern=value(one, "num-list-format"),
            )
            found[whole(one, "level", 1) - 1] = level
    return found


def _label(levels: dict[int, _Level], counts: Counts, depth: int) -> str:
    level = levels.get(depth)
    if level is None:
        return ""
    if level.is_bullet:
        return "-"

    def number(at: int) -> str:
        other = levels.get(at, _Level())
        count = counts.levels[at]
        return shown(other.start if count is None else count, other.form)

    if level.form == "none" and level.pattern is None:
        return (level.prefix + level.suffix).strip()
    if level.pattern is not None:
        pattern = re.sub(
            "%([0-9]+)%",
            lambda match: number(int(match[1]) - 1) if 0 < int(match[1]) <= depth + 1 else "",
            level.pattern,
        )
        return pattern.strip()
    first = max(depth + 1 - level.shown_levels, 0)
    numbers = [text for text in map(number, range(first, depth + 1)) if text]
    return (level.prefix + ".".join(numbers) + level.suffix).strip()
