"""Footnotes and endnotes of a Word document, and the marks by which the text refers to them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from .blocks import Found
from .number_formats import shown
from .office import child, children, descendants, name_of, value, whole

_SEPARATORS = {"separator", "continuationSeparator", "continuationNotice"}


@dataclass(frozen=True, slots=True)
class _Form:
    """How the notes of a section are numbered."""

    form: str
    start: int = 1
    restart: str = "continuous"


_USUAL = {"footnote": _Form("decimal"), "endnote": _Form("lowerRoman")}


class Notes:
    """Footnotes and endnotes, in the order of their marks in the text."""

    def __init__(self, roots: dict[str, Any], settings: Any, body: Any, found: Found) -> None:
        self._notes = {
            (kind, value(note, "id") or ""): note
            for kind, root in roots.items()
            if root is not None
            for note in children(root, f"w:{kind}")
            if value(note, "type") not in _SEPARATORS
        }
        self._found = found
        self._marked: list[tuple[str, str, str]] = []
        usual = {kind: _said(settings, kind, form) for kind, form in _USUAL.items()}
        sections = descendants(body, "w:sectPr") if len(body) else []
        self._sections = [
            {kind: _said(section, kind, form) for kind, form in usual.items()}
            for section in sections
            if name_of(section.getparent()) != "w:sectPrChange"
        ] or [usual]
        self._section = 0
        self._counts = {kind: form.start - 1 for kind, form in self._sections[0].items()}

    def end_section(self) -> None:
        """Go on to the next section, where notes may begin anew."""
        self._section = min(self._section + 1, len(self._sections) - 1)
        for kind, form in self._sections[self._section].items():
            if form.restart == "eachSect":
                self._counts[kind] = form.start - 1

    def mark(self, kind: str, note: str, custom: str) -> str:
        """The mark in the text; a note that its writer marked himself is not counted."""
        label = custom
        if not label:
            form = self._sections[self._section][kind]
            if form.restart == "eachPage":
                self._found.warnings["note page"] += 1
            self._counts[kind] += 1
            label = shown(self._counts[kind], form.form)
        if (kind, note) in self._notes:
            self._marked.append((kind, note, label))
        else:
            self._found.missing["note"] += 1
        return f"[note {label}]"

    def marked(self) -> Iterator[tuple[str, str, Any]]:
        """The kind, the label and the element of each note, once; reading one may mark others."""
        done = set()
        # A note may itself have notes, by mistake even itself.
        for kind, note, label in self._marked:
            if (kind, note) not in done:
                done.add((kind, note))
                yield kind, label, self._notes[kind, note]


def _said(element: Any, kind: str, usual: _Form) -> _Form:
    """What the settings or a section say, on top of what is usual."""
    properties = None if element is None else child(element, f"w:{kind}Pr")
    for one in () if properties is None else properties:
        name = name_of(one)
        if name == "w:numFmt":
            usual = replace(usual, form=value(one) or "decimal")
        elif name == "w:numStart":
            usual = replace(usual, start=max(whole(one, default=1), 1))
        elif name == "w:numRestart":
            usual = replace(usual, restart=value(one) or "continuous")
    return usual
