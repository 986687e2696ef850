"""Automatic numbering: the label of each paragraph as Word shows it."""

import re
from dataclasses import dataclass, field
from typing import Any

from .number_formats import is_known, shown
from .office import child, children, chosen, is_on, name_of, value, whole

_LEVELS = 9


@dataclass(slots=True)
class Level:
    """One level of a list."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    legal: bool = False
    """Whether the numbers of all levels are shown in digits."""
    restart: int | None = None
    """The level, from 1, after which this one begins anew; 0 for never; None for any above."""
    width: int = 0
    """Digits that a number is filled up to with zeros."""
    style: str = ""
    """The paragraph style whose paragraphs stand on this level."""
    hidden: bool = False


@dataclass(slots=True)
class _List:
    abstract: str
    levels: list[Level]
    starts: dict[int, int]
    """Where a level begins anew when this list is first used on it."""


@dataclass(slots=True)
class Counters:
    """How far lists were counted: in the body, in text boxes, in headers and footers, in notes."""

    counts: dict[str, list[int | None]] = field(default_factory=dict)
    begun: set[tuple[str, int]] = field(default_factory=set)


@dataclass(slots=True)
class Numbering:
    """The lists of a document."""

    lists: dict[str, _List] = field(default_factory=dict)
    unknown_formats: bool = False

    def add(self, list_id: str, shared: str, levels: list[Level], starts: dict[int, int]) -> None:
        """A list; those with the same `shared` name count on from one another."""
        self.lists[list_id] = _List(shared, levels, starts)

    def level_of_style(self, list_id: str, style: str) -> int | None:
        """The level, from 0, that paragraphs of a style have in a list."""
        found = self.lists.get(list_id)
        levels = found.levels if found else []
        return next((n for n, level in enumerate(levels) if level.style == style), None)

    def label(self, list_id: str, depth: int, counters: Counters) -> str | None:
        """Count a paragraph in and return its label: "2.", "3.2 (a)", "-", or nothing.

        None where there is no such list.
        """
        used = self.lists.get(list_id)
        if used is None:
            return None
        depth = min(max(depth, 0), _LEVELS - 1)
        counts = _counted(list_id, used, depth, counters)
        level = used.levels[depth]
        if level.hidden:
            return ""
        if level.form == "bullet":
            return "-"

        def number(match: re.Match[str]) -> str:
            wanted = int(match[1]) - 1
            if wanted > depth:
                return ""
            other = used.levels[wanted]
            count = counts[wanted]
            count = other.start if count is None else count
            if level.legal and other.form not in {"none", "bullet"}:
                return str(count)
            if not is_known(other.form):
                self.unknown_formats = True
            return str(count).zfill(other.width) if other.width else shown(count, other.form)

        return re.sub("%([1-9])", number, level.text).strip()


def _counted(list_id: str, used: _List, depth: int, counters: Counters) -> list[int | None]:
    """Count a paragraph in. Returns the counts of all levels of its list."""
    # Lists that stand on one abstract list count on from one another.
    counts = counters.counts.setdefault(used.abstract, [None] * _LEVELS)
    before = counts[depth]
    counts[depth] = used.levels[depth].start if before is None else before + 1
    for above in range(depth + 1):
        if above in used.starts and (list_id, above) not in counters.begun:
            counters.begun.add((list_id, above))
            counts[above] = used.starts[above]
        elif counts[above] is None:
            # A level that was skipped counts as if one paragraph had stood on it.
            counts[above] = used.levels[above].start
    for below in range(depth + 1, _LEVELS):
        restart = used.levels[below].restart
        if restart is None or depth < restart:
            counts[below] = None
    return counts


def read_numbering(root: Any, list_of_style: dict[str, str]) -> Numbering:
    """The lists of `numbering.xml`; `list_of_style` gives the list of each numbering style."""
    abstracts = {value(one, "abstractNumId") or "": one for one in children(root, "w:abstractNum")}
    nums = {value(one, "numId") or "": one for one in children(root, "w:num")}
    numbering = Numbering()
    for list_id, num in nums.items():
        abstract = _followed(num, abstracts, nums, list_of_style)
        levels = [Level() for _ in range(_LEVELS)]
        if abstract in abstracts:
            for lvl in children(abstracts[abstract], "w:lvl"):
                _put(levels, lvl)
        starts = {}
        for override in children(num, "w:lvlOverride"):
            lvl = child(override, "w:lvl")
            if lvl is not None:
                _put(levels, lvl)
            start = child(override, "w:startOverride")
            if start is not None:
                starts[whole(override, "ilvl")] = whole(start)
        numbering.add(list_id, abstract, levels, starts)
    return numbering


def _followed(
    num: Any, abstracts: dict[str, Any], nums: dict[str, Any], list_of_style: dict[str, str]
) -> str:
    """The abstract list that a list stands on, through the numbering styles that it names."""
    seen: set[str] = set()
    while True:
        pointer = child(num, "w:abstractNumId")
        abstract = "" if pointer is None else value(pointer) or ""
        link = child(abstracts[abstract], "w:numStyleLink") if abstract in abstracts else None
        onward = "" if link is None else list_of_style.get(value(link) or "", "")
        if onward not in nums or abstract in seen:
            return abstract
        seen.add(abstract)
        num = nums[onward]


def _put(levels: list[Level], lvl: Any) -> None:
    depth = whole(lvl, "ilvl", -1)
    if not 0 <= depth < _LEVELS:
        return
    # The standard lets a level begin at 0 that does not say where.
    level = Level(start=0)
    for one in lvl:
        _take(level, name_of(one), one)
    levels[depth] = level


def _take(level: Level, name: str, one: Any) -> None:
    if name == "w:start":
        level.start = whole(one)
    elif name == "w:numFmt":
        level.form = value(one) or "decimal"
        # "001, 002, 003, ..." is the only way in which Word's own formats are written out.
        pattern = (value(one, "format") or "").split(",")[0]
        if level.form == "custom" and pattern.strip("0") == "1":
            level.form, level.width = "decimal", len(pattern)
    elif name == "w:lvlText":
        level.text = "" if value(one, "null") in {"1", "true", "on"} else value(one) or ""
    elif name == "w:isLgl":
        level.legal = is_on(one)
    elif name == "w:lvlRestart":
        level.restart = whole(one)
    elif name == "w:pStyle":
        level.style = value(one) or ""
    elif name == "w:rPr":
        hidden = child(one, "w:vanish")
        level.hidden = hidden is not None and is_on(hidden)
    elif name == "mc:AlternateContent":
        for inner in chosen(one):
            _take(level, name_of(inner), inner)
