"""Rich text (.rtf): body, headers, footers and notes, with tables and numbers as stored."""

from .blocks import Found, Size, joined, margins
from .content import Content, Limits, Refusal
from .rich_text_lists import Declared, declared
from .rich_text_notes import Notes
from .rich_text_story import Story
from .rich_text_tables import Row
from .rich_text_words import (
    CODE_PAGES,
    SIGNS,
    SILENT,
    STORIES,
    Group,
    State,
    tokens,
)
from .told import missing_of, warnings_of
from .word_fields import EMPTY, PAGE_NUMBERS, TICKED
from .word_numbering import Counters

_DEEPEST = 1000


def read(data: bytes, limits: Limits) -> Content:
    """What the document shows."""
    reader = _Reader(Size(limits), declared(data))
    reader.read(data)
    if reader.depth_left != _DEEPEST:
        raise Refusal("The RTF document ends in the middle: it is damaged.")
    body = joined(reader.body.blocks(), reader.size)
    notes = [
        f"[note {note.label}] {joined(note.story.blocks(), reader.size)}"
        for note in reader.notes.met
    ]
    edges = {
        kind: margins(kind, [joined(story.blocks(), reader.size) for story in stories])
        for kind, stories in reader.edges.items()
    }
    noted = "\n".join(["# Notes", "", *notes]) if notes else ""
    text = "\n\n".join(part for part in (edges["header"], body, noted, edges["footer"]) if part)
    if not text and reader.found.warnings["picture"]:
        raise Refusal("The document holds nothing but pictures. Run text recognition (OCR) first.")
    return Content(text, missing=missing_of(reader.found), warnings=warnings_of(reader.found))


class _Reader:
    def __init__(self, size: Size, declared: Declared) -> None:
        self.size = size
        self._declared = declared
        self._counters = Counters()
        self.found = Found()
        self.body = Story()
        self.notes = Notes()
        self.edges: dict[str, list[Story]] = {"header": [], "footer": []}
        self.depth_left = _DEEPEST
        self._groups: list[Group] = []
        self._now = Group(self.body)
        self._pages: dict[int, str] = {}
        self._usual = "cp1252"
        self._bytes = bytearray()
        self._skip = 0

    def read(self, data: bytes) -> None:
        for kind, word, number in tokens(data):
            if kind != "byte":
                self._flush()
            if kind == "open":
                self._open()
            elif kind == "close":
                self._close()
            elif kind == "word":
                self._word(word, number)
            elif kind == "byte":
                self._byte(number or 0)
            elif kind == "text":
                self._plain(word)
        self._flush()

    def _open(self) -> None:
        if not self.depth_left:
            raise Refusal("The RTF document is nested too deeply.")
        self.depth_left -= 1
        self._groups.append(self._now)
        self._now = self._now.inner()

    def _close(self) -> None:
        if not self._groups:
            return
        self.depth_left += 1
        ended, self._now = self._now, self._groups.pop()
        if ended.is_field:
            self._end_field(ended)

    def _end_field(self, group: Group) -> None:
        field_ = group.field
        if field_ is None or not self._now.shown:
            return
        word = (field_.instruction.split() or [""])[0].upper()
        if word == "FORMCHECKBOX":
            self._now.story.parts.append(TICKED if field_.value == 1 else EMPTY)
        elif word == "FORMDROPDOWN" and 0 <= field_.value < len(field_.choices):
            self._now.story.parts.append(field_.choices[field_.value])
        elif word in {"EQ", "AUTONUM", "LISTNUM"} and not field_.has_result:
            self.found.missing["field"] += 1

    def _byte(self, code: int) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._bytes.append(code)

    def _flush(self) -> None:
        if self._bytes:
            page = self._pages.get(self._now.state.font, self._usual)
            text = bytes(self._bytes).decode(page, "replace")
            self._bytes.clear()
            self._text(text)

    def _plain(self, text: str) -> None:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        text = text[skipped:]
        if text:
            self._text(text)

    def _text(self, text: str) -> None:
        now = self._now
        if now.collects == "instruction" and now.field is not None:
            now.field.instruction = (now.field.instruction + text)[:2000]
        elif now.collects == "choice" and now.field is not None:
            now.field.choices.append(text)
        elif now.shown:
            self._show(text)

    def _show(self, text: str) -> None:
        now, state = self._now, self._now.state
        for why in ("struck", "hidden", "deleted"):
            if getattr(state, why):
                self.found.warnings[why] += bool(text.strip())
                return
        if now.field is not None:
            now.field.has_result = True
            word = (now.field.instruction.split() or [""])[0].upper()
            if word.startswith("FORM") and word != "FORMTEXT":
                return
            if word in PAGE_NUMBERS and now.is_margin:
                now.story.has_page_number = True
                return
        self.size.take(text)
        now.story.is_labelled |= now.is_label
        if state.raised and text.strip():
            parts = now.story.parts
            text = text.strip()
            text = state.raised + (text if text.isalnum() else f"({text})")
            if parts and parts[-1].startswith(state.raised):
                parts.append(text[1:])
                return
        now.story.parts.append(text)

    def _word(self, word: str, number: int | None) -> None:
        if word == "u" and number is not None:
            self._unicode(number)
        elif word == "*":
            self._now.is_optional = True
        elif word == "bin":
            return
        elif self._skip and word in {"'", "~", "_", "-"}:
            self._skip -= 1
        elif not (self._destination(word) or self._now.state.take(word, number)):
            self._mark(word, number)
        if word != "*":
            self._now.is_optional = self._now.is_optional and word in {"bin"}

    def _unicode(self, number: int) -> None:
        code = number % 65536
        self._skip = 0
        # Symbol fonts have their signs in a private area.
        self._text(chr(code) if code else "")
        self._skip = self._now.state.fallback

    def _destination(self, word: str) -> bool:
        """Whether the group is one that a word makes a place of its own."""
        now = self._now
        if word in STORIES and now.shown:
            now.story = self._story(word)
            now.state = State(font=now.state.font)
            now.is_margin = STORIES[word] in {"header", "footer"}
        elif word in {"footnote", "annotation", "atnid"} and now.shown:
            self._note(word)
        elif word in {"field", "fldinst", "ffl", "formfield"}:
            self._in_field(word)
        elif word in {"pict", "object"}:
            self.found.warnings["picture"] += bool(now.shown and word == "pict")
            self.found.missing["object object"] += bool(now.shown and word == "object")
            now.shown = False
        elif word == "shptxt":
            now.story = self._box()
            now.state = State(font=now.state.font)
        elif word in {"upr", "ud"}:
            # The same stands twice, the second time in Unicode.
            now.shown = word == "ud" and len(self._groups) > 1 and self._groups[-2].shown
        elif word in {"listtext", "pntext"}:
            now.is_label = True
        elif word in {"shppict", "shpinst", "shp"}:
            pass
        elif word == "fonttbl":
            now.shown, now.collects = False, "fonts"
        elif word in SILENT or now.is_optional:
            now.shown = False
            now.collects = now.collects if now.collects == "instruction" else ""
        else:
            return False
        return True

    def _in_field(self, word: str) -> None:
        now = self._now
        if word == "field":
            now.begin_field()
        elif word == "fldinst":
            now.collects = "instruction"
        elif word == "ffl":
            now.collects = "choice"
        else:
            now.shown = False

    def _story(self, word: str) -> Story:
        story = Story()
        self.edges[STORIES[word]].append(story)
        return story

    def _box(self) -> Story:
        box = Story()
        self._now.story.boxes.append(box)
        return box

    def _note(self, word: str) -> None:
        now = self._now
        if word != "footnote":
            self.found.warnings["comment"] += word == "annotation"
            now.shown = False
            return
        # The mark that was set before the note, a raised "1", is the note's own.
        outer, now.story = now.story, Story()
        self.notes.add(now.story, outer.parts)
        now.state = State(font=now.state.font)

    def _mark(self, word: str, number: int | None) -> None:
        now = self._now
        if now.collects == "fonts":
            if word == "fcharset" and number in CODE_PAGES:
                self._pages[now.state.font] = CODE_PAGES[number]
        elif word == "ansicpg" and number:
            self._usual = _known(f"cp{number}", self._usual)
        elif word in {"mac", "pc", "pca"}:
            self._usual = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[word]
        elif word == "ftnalt":
            self.notes.make_endnote(now.story)
        elif self.notes.take(word, number):
            return
        elif word in {"ffres", "ffdefres"} and now.field is not None and number is not None:
            if (word == "ffres" and number != 25) or (word == "ffdefres" and now.field.value < 0):
                now.field.value = number
        elif now.shown:
            self._layout(word, number)

    def _layout(self, word: str, number: int | None) -> None:
        now, story = self._now, self._now.story
        if word in SIGNS:
            self._show(" " if now.is_label and word == "tab" else SIGNS[word])
        elif word in {"par", "sect"}:
            story.end_paragraph(self._with_style(now.state), self._label(now.state))
            if word == "sect":
                self.notes.end_section()
        elif word == "cell":
            story.end_cell(self._label(now.state))
        elif word == "row":
            story.end_row()
        elif word == "nestcell":
            story.parts.append(" | ")
        elif word == "nestrow":
            story.parts.append("\n")
        elif word == "trowd":
            story.row = Row(cells=story.row.cells)
        elif word == "trleft":
            story.row.left = number or 0
        elif word == "cellx":
            story.row.edges.append(number or 0)
        elif word == "chpgn" and now.is_margin:
            story.has_page_number = True

    def _label(self, state: State) -> str:
        """Count a paragraph into its list, unless nobody sees its end."""
        if state.hidden or state.deleted:
            return ""
        numbering = self._declared.numbering
        return numbering.label(str(state.list), state.level, self._counters) or ""

    def _with_style(self, state: State) -> State:
        if state.outline is None:
            state.outline = self._declared.headings.get(state.style)
        return state


def _known(page: str, usual: str) -> str:
    try:
        "".encode(page)
    except LookupError:
        return "utf-8" if page == "cp65001" else usual
    return page
