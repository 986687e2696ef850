"""The lists and styles that an RTF document declares before its text."""

import re
from dataclasses import dataclass, field

from .rich_text_words import tokens
from .word_numbering import Level, Numbering

_FORMATS = {
    0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter",
    5: "ordinal", 6: "cardinalText", 7: "ordinalText", 22: "decimalZero", 23: "bullet",
    255: "none",
}  # fmt: skip
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_LEVELS = 9


@dataclass(slots=True)
class Declared:
    """Lists by the number that paragraphs name, and headings by the number of their style."""

    numbering: Numbering = field(default_factory=Numbering)
    headings: dict[int, int] = field(default_factory=dict)
    """The level, from 0, of the styles for titles and headings."""


@dataclass(slots=True)
class _Override:
    list_id: int = 0
    number: int = -1
    starts: dict[int, int] = field(default_factory=dict)
    level: int = -1


def declared(data: bytes) -> Declared:
    """What stands in the tables of lists and of styles."""
    reader = _Reader()
    if rb"\listtable" in data or rb"\stylesheet" in data:
        reader.read(data)
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = Declared()
        self._groups: list[str] = []
        self._lists: dict[int, list[Level]] = {}
        self._levels: list[Level] = []
        self._list_id = 0
        self._override = _Override()
        self._style = -1
        self._text = ""
        self._length = -1
        self._skip = 0

    def read(self, data: bytes) -> None:
        is_first = False
        for kind, word, number in tokens(data):
            if kind == "open":
                self._groups.append("")
                is_first = True
            elif kind == "close":
                self._close()
            elif kind == "word" and word != "*":
                if len(self._groups) == 1 and word in {"pard", "sectd", "par"}:
                    # The text begins.
                    return
                if is_first and self._groups:
                    self._groups[-1] = word
                    self._open(word)
                is_first = False
                self._word(word, number)
            elif kind == "byte":
                self._byte(number or 0)
            elif kind == "text":
                skipped = min(self._skip, len(word))
                self._skip -= skipped
                self._text += word[skipped:]

    def _open(self, word: str) -> None:
        if word == "list":
            self._levels, self._list_id = [], 0
        elif word == "listlevel" and len(self._levels) < _LEVELS:
            self._levels.append(Level())
        elif word == "leveltext":
            self._text, self._length = "", -1
        elif word == "listoverride":
            self._override = _Override()
        elif word == "lfolevel":
            self._override.level += 1
        if self._groups[-2:-1] == ["stylesheet"]:
            self._text, self._style = "", 0

    def _close(self) -> None:
        ended = self._groups.pop() if self._groups else ""
        if ended == "leveltext" and self._levels:
            text = self._text.removesuffix(";")
            self._levels[-1].text = text
        elif ended == "list":
            spare = [Level() for _ in range(_LEVELS - len(self._levels))]
            self._lists[self._list_id] = self._levels + spare
        elif ended == "listoverride" and self._override.list_id in self._lists:
            one = self._override
            levels = self._lists[one.list_id]
            self.found.numbering.add(str(one.number), str(one.list_id), levels, one.starts)
        elif self._groups[-1:] == ["stylesheet"]:
            name = self._text.strip().removesuffix(";").strip()
            heading = _HEADING.fullmatch(name)
            if heading or name.lower() == "title":
                self.found.headings[self._style] = int(heading[1]) - 1 if heading else 0

    def _word(self, word: str, number: int | None) -> None:
        value = number or 0
        level = self._levels[-1] if self._levels else Level()
        if word in {"levelnfc", "levelnfcn"}:
            level.form = _FORMATS.get(value, "decimal")
        elif word == "levelstartat":
            if "lfolevel" in self._groups:
                self._override.starts[self._override.level] = value
            else:
                level.start = value
        elif word == "levellegal":
            level.legal = number != 0
        elif word == "listid":
            self._list_id = self._override.list_id = value
        elif word == "ls":
            self._override.number = value
        elif word == "s" and self._groups[-2:-1] == ["stylesheet"]:
            self._style = value
        elif word == "u":
            self._text += chr(value % 65536)
            self._skip = 1

    def _byte(self, code: int) -> None:
        """In the text of a level, small codes stand for the numbers of levels."""
        if self._skip:
            self._skip -= 1
        elif self._groups[-1:] != ["leveltext"]:
            self._text += chr(code)
        elif self._length < 0:
            self._length = code
        else:
            other = bytes([code]).decode("cp1252", "replace")
            self._text += f"%{code + 1}" if code < _LEVELS else other
