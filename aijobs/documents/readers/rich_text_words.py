"""The words of RTF: tokens, places, and what they switch on and off."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])"
    rb"|([^\\{}\r\n]+)|[\r\n]+|\\"
)
CODE_PAGES = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk",
    136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 255: "cp437",
}  # fmt: skip
SIGNS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "page": "\n", "~": "\u00a0", "_": "-",
    "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ",
    "\\": "\\", "{": "{", "}": "}",
}  # fmt: skip
STORIES = {
    **{f"header{page}": "header" for page in ("", "l", "r", "f")},
    **{f"footer{page}": "footer" for page in ("", "l", "r", "f")},
}
SILENT = {
    "colortbl", "stylesheet", "info", "filetbl", "listtable", "listoverridetable", "revtbl",
    "rsidtbl", "generator", "nonshppict", "shprslt", "sp", "sn", "sv", "xe", "tc", "rxe", "do",
    "bkmkstart", "bkmkend", "themedata", "colorschememapping", "datastore", "latentstyles",
    "template", "pgdsctbl", "nonesttables", "atrfstart", "atrfend", "atnauthor", "atndate",
    "atnref", "atnparent", "datafield", "fchars", "lchars", "pn", "pnseclvl", "private", "ftnsep",
    "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "background", "userprops", "xmlnstbl",
    "mmathPr", "oldcprops", "oldpprops", "oldtprops", "oldsprops", "falt", "panose", "objdata",
}  # fmt: skip


def tokens(data: bytes) -> Iterator[tuple[str, str, int | None]]:
    """Words with their numbers, groups that open and close, bytes and plain text."""
    at = 0
    while at < len(data):
        match = _TOKEN.match(data, at)
        if match is None:
            at += 1
            continue
        at = match.end()
        word, number, code, sign, brace, text = match.groups()
        if word:
            value = int(number) if number else None
            if word == b"bin":
                at += max(value or 0, 0)
            yield "word", word.decode(), value
        elif code:
            yield "byte", "", int(code, 16)
        elif brace:
            yield ("open" if brace == b"{" else "close"), "", None
        elif sign:
            yield "word", {"\r": "par", "\n": "par"}.get(chr(sign[0]), chr(sign[0])), None
        elif text:
            if text.isascii():
                yield "text", text.decode("ascii"), None
            else:
                for one in text:
                    yield "byte", "", one


@dataclass(slots=True)
class State:
    """How text is set at one place."""

    font: int = 0
    fallback: int = 1
    """How many characters follow a Unicode one for programs that know none."""
    struck: bool = False
    hidden: bool = False
    deleted: bool = False
    raised: str = ""
    in_table: bool = False
    outline: int | None = None
    style: int = 0
    list: int = 0
    level: int = 0
    """The list that the paragraph is counted in, and its level, from 0."""

    def take(self, word: str, number: int | None) -> bool:
        """Take a word in; whether it was one of these."""
        on = number != 0
        if word in {"strike", "striked"}:
            self.struck = on
        elif word == "v":
            self.hidden = on
        elif word == "deleted":
            self.deleted = on
        elif word in {"super", "sub"}:
            self.raised = ("^" if word == "super" else "_") if on else ""
        elif word == "nosupersub":
            self.raised = ""
        elif word == "plain":
            self.struck = self.hidden = self.deleted = False
            self.raised = ""
        elif word == "pard":
            self.in_table, self.outline = False, None
            self.style = self.list = self.level = 0
        elif word == "intbl":
            self.in_table = True
        elif word == "outlinelevel":
            self.outline = number if number is not None and 0 <= number < 9 else None
        elif word in {"f", "s", "ls", "ilvl"}:
            name = {"f": "font", "s": "style", "ls": "list", "ilvl": "level"}[word]
            setattr(self, name, number or 0)
        elif word == "uc":
            self.fallback = min(max(number or 0, 0), 100)
        else:
            return False
        return True


@dataclass(slots=True)
class FormField:
    """A field and the value of its form."""

    instruction: str = ""
    value: int = -1
    choices: list[str] = field(default_factory=list)
    has_result: bool = False


@dataclass(slots=True)
class Group:
    """A pair of braces: the story that its text goes to, and how it is set."""

    story: Any
    state: State = field(default_factory=State)
    shown: bool = True
    collects: str = ""
    is_optional: bool = False
    is_margin: bool = False
    is_label: bool = False
    """Whether it holds the number of a list."""
    field: FormField | None = None
    is_field: bool = False

    def inner(self) -> "Group":
        """A group within this one."""
        return replace(self, state=copy.copy(self.state), is_optional=False, is_field=False)

    def begin_field(self) -> None:
        """The group is a field."""
        self.field, self.is_field = FormField(), True
