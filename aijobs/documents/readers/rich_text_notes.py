"""Footnotes and endnotes of RTF, and the numbers of their marks."""

import re
from dataclasses import dataclass, field
from typing import Any

from .number_formats import shown

_FORMATS = {
    "ar": "decimal", "alc": "lowerLetter", "auc": "upperLetter", "rlc": "lowerRoman",
    "ruc": "upperRoman",
}  # fmt: skip
# "ftnnar" for footnotes, "aftnnrlc" for endnotes, with an "s" where it is for a section only.
_FORM = re.compile(r"s?(a?)ftnn(\w+)")


@dataclass(slots=True)
class Note:
    """A note: its mark, and where its text goes."""

    label: str
    story: Any
    marked_in: list[str]
    place: int
    """Where its mark stands among the parts of the line."""


@dataclass(slots=True)
class Notes:
    """The notes that were met, in the order of their marks."""

    met: list[Note] = field(default_factory=list)
    _forms: dict[str, str] = field(default_factory=lambda: {"": "decimal", "a": "lowerRoman"})
    _starts: dict[str, int] = field(default_factory=lambda: {"": 1, "a": 1})
    _counts: dict[str, int] = field(default_factory=lambda: {"": 0, "a": 0})
    _restarts: set[str] = field(default_factory=set)

    def add(self, story: Any, marked_in: list[str]) -> None:
        """A footnote, whose mark goes to the end of a line."""
        note = Note(self._next(""), story, marked_in, len(marked_in))
        marked_in.append(f"[note {note.label}]")
        self.met.append(note)

    def make_endnote(self, story: Any) -> None:
        """The note that goes to this story is an endnote: its mark is of another count."""
        note = self.met[-1] if self.met else None
        if note is not None and note.story is story:
            self._counts[""] -= 1
            note.label = self._next("a")
            note.marked_in[note.place] = f"[note {note.label}]"

    def take(self, word: str, number: int | None) -> bool:
        """Take in how notes are numbered; whether the word said so."""
        if found := _FORM.fullmatch(word):
            self._forms[found[1]] = _FORMATS.get(found[2], "decimal")
        elif word in {"ftnstart", "aftnstart", "sftnstart", "saftnstart"}:
            self._starts["a" if "a" in word[:2] else ""] = max(number or 1, 1)
            self._counts |= {kind: start - 1 for kind, start in self._starts.items()}
        elif word in {"ftnrestart", "aftnrestart", "sftnrestart", "saftnrestart"}:
            self._restarts.add("a" if "a" in word[:2] else "")
        else:
            return False
        return True

    def end_section(self) -> None:
        """Notes may begin anew in the next section."""
        for kind in self._restarts:
            self._counts[kind] = self._starts[kind] - 1

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        return shown(self._counts[kind], self._forms[kind])
