"""Runs: the text of a paragraph, without what is struck, hidden or deleted."""

import re
from dataclasses import dataclass, field
from typing import Any

from .blocks import Found
from .office import child, chosen, descendants, is_on, name_of, value
from .word_fields import EMPTY, TICKED, Fields, instructed_text
from .word_math import linear
from .word_styles import Styles, raised_of, switches_of
from .word_symbols import is_symbol_font, symbol

_SIGNS = {"w:tab": "\t", "w:ptab": "\t", "w:br": "\n", "w:cr": "\n", "w:noBreakHyphen": "-"}
# Noncharacters, which no text has, stand around what is raised or lowered until its end is known.
_UP, _DOWN, _END = "\ufdd0", "\ufdd1", "\ufdd2"
_NOT_TEXT = dict.fromkeys([0xAD, 0, *map(ord, (_UP, _DOWN, _END))])
_SCRIPT = re.compile(f"([{_UP}{_DOWN}])([^{_UP}{_DOWN}{_END}]*){_END}(?:\\1(?=.))?")
_DELETED = {"w:del", "w:moveFrom"}
_RUN_SWITCHES = {"w:strike": "struck", "w:dstrike": "struck", "w:vanish": "hidden"}


@dataclass(slots=True)
class Line:
    """What a paragraph shows: its text, and what floats beside it."""

    parts: list[str] = field(default_factory=list)
    floating: list[Any] = field(default_factory=list)
    """Drawings, pictures and embedded objects."""
    has_page_number: bool = False

    def text(self) -> str:
        """The text with marks before what is raised and lowered."""
        joined = "".join(self.parts).replace(_END + _UP, "").replace(_END + _DOWN, _DOWN)
        return _SCRIPT.sub(_script, joined).translate(_NOT_TEXT)


def marked(text: str, raised: str) -> str:
    """A part of a Line that is a "superscript", a "subscript" or neither."""
    mark = {"superscript": _UP, "subscript": _DOWN}.get(raised)
    if mark and text.strip() and not text.startswith("[note "):
        return f"{mark}{text}{_END}"
    return text


def _script(match: re.Match[str]) -> str:
    text = match[2].strip()
    if not text:
        return match[2]
    follows = match.string[match.end() : match.end() + 1]
    plain = text.isalnum() and not follows.isalnum()
    return ("^" if match[1] == _UP else "_") + (text if plain else f"({text})")


@dataclass(slots=True)
class Runs:
    """Reads the runs of one story: the body, a header, a note."""

    styles: Styles
    found: Found
    notes: Any
    """Gives the mark of a note: `mark(kind, id, custom)`."""
    fields: Fields = field(default_factory=lambda: Fields([]))
    is_margin: bool = False
    """Whether the story is a header or a footer, where page numbers are left out."""

    around: dict[str, bool] = field(default_factory=dict)
    """What the style of the table around switches on."""

    def read(self, element: Any, style: str, line: Line) -> None:
        """Add the text of the children of an element, through whatever is wrapped around them."""
        for one in element:
            name = name_of(one)
            if name == "w:r":
                self._run(one, style, line)
            elif name in _DELETED:
                self.found.warnings["deleted"] += 1
            elif name == "w:sdt":
                self._control(one, style, line)
            elif name == "w:fldSimple":
                self._simple_field(one, style, line)
            elif name in {"m:oMath", "m:oMathPara"}:
                if self.fields.shown:
                    line.parts.append(linear(one))
            elif name == "mc:AlternateContent":
                self.read(chosen(one), style, line)
            elif name == "w:fldChar":
                # Some writers put a field's marks outside of runs.
                self._sign(one, name, line)
            elif name.startswith(("w:", "?:")) and not name.endswith("Pr"):
                self.read(one, style, line)

    def _control(self, control: Any, style: str, line: Line) -> None:
        ticked = child(control, "w:sdtPr", "w14:checkbox")
        if ticked is not None:
            state = child(ticked, "w14:checked")
            if self.fields.shown:
                line.parts.append(TICKED if state is not None and is_on(state) else EMPTY)
            return
        content = child(control, "w:sdtContent")
        if content is not None:
            self.read(content, style, line)

    def _simple_field(self, element: Any, style: str, line: Line) -> None:
        form = self.fields.begin(element)
        self._add(form, line)
        self.fields.instruct(value(element, "instr") or "")
        self.fields.separate()
        self.read(element, style, line)
        self._ended(line)

    def _hidden_by(self, properties: Any, run_style: str, style: str) -> str | None:
        direct = {} if properties is None else switches_of(properties)
        for switch, word in _RUN_SWITCHES.items():
            # What two styles switch on is off.
            on = self.styles.switch(switch, run_style) != self.styles.switch(switch, style)
            on = on != self.around.get(switch, False)
            if direct.get(switch, on):
                return word
        return None

    def _run(self, run: Any, style: str, line: Line) -> None:
        properties = child(run, "w:rPr")
        named = None if properties is None else child(properties, "w:rStyle")
        run_style = "" if named is None else value(named) or ""
        left_out = self._hidden_by(properties, run_style, style)
        if properties is not None and child(properties, "w:del") is not None:
            left_out = "deleted"
        if left_out:
            self._pass_over(run, left_out)
            return
        raised = None if properties is None else raised_of(properties)
        raised = raised or self.styles.raised(run_style) or self.styles.raised(style)
        fonts = None if properties is None else child(properties, "w:rFonts")
        font = "" if fonts is None else value(fonts, "ascii") or ""
        inner = Line()
        self._content(run, font, inner)
        line.floating += inner.floating
        line.has_page_number |= inner.has_page_number
        text = "".join(inner.parts)
        line.parts.append(marked(text, raised or ""))

    def _pass_over(self, run: Any, why: str) -> None:
        """Leave a run out, but not the marks of fields in it, which pair with others."""
        for one in run:
            name = name_of(one)
            if name in {"w:fldChar", "w:instrText"}:
                self._sign(one, name, Line())
            elif name in {"w:t", "w:sym"}:
                self.found.warnings[why] += bool(self.fields.shown)
            elif name in {"w:drawing", "w:pict", "w:object"} and descendants(
                one, "w:t", "pic:pic", "v:imagedata"
            ):
                self.found.warnings[why] += 1

    def _content(self, run: Any, font: str, line: Line) -> None:
        label = ""
        for one in run:
            name = name_of(one)
            if name == "w:t":
                text = one.text or ""
                if label:
                    label += text
                    continue
                self._add(self._in_font(text, font), line)
            elif name in {"w:footnoteReference", "w:endnoteReference"}:
                if not self.fields.shown:
                    continue
                if (value(one, "customMarkFollows") or "") in {"1", "true", "on"}:
                    # The mark that the writer chose follows in the same run.
                    own = "".join(t.text or "" for t in run if name_of(t) == "w:t").strip() or "*"
                    line.parts.append(self.notes.mark(name[2:-9], value(one, "id") or "", own))
                    return
                line.parts.append(self.notes.mark(name[2:-9], value(one, "id") or "", ""))
            elif name == "mc:AlternateContent":
                self._content(chosen(one), font, line)
            else:
                self._sign(one, name, line)

    def _in_font(self, text: str, font: str) -> str:
        if not is_symbol_font(font):
            return text
        return "".join(self._symbol(ord(sign), font) if sign > " " else sign for sign in text)

    def _symbol(self, code: int, font: str) -> str:
        known = symbol(code, font)
        if known is None:
            self.found.missing["symbol"] += 1
            return "\ufffd"
        return known

    def _sign(self, one: Any, name: str, line: Line) -> None:
        if name == "w:fldChar":
            self._field_mark(one, line)
        elif name == "w:instrText":
            self.fields.instruct(one.text or "")
        elif name in _SIGNS:
            self._add(_SIGNS[name], line)
        elif name == "w:sym":
            code = value(one, "char") or ""
            if self.fields.shown and re.fullmatch("[0-9A-Fa-f]{1,4}", code):
                self._add(self._symbol(int(code, 16), value(one, "font") or ""), line)
        elif name == "w:ruby":
            self._ruby(one, line)
        elif name in {"w:drawing", "w:pict", "w:object"} and self.fields.shown:
            line.floating.append(one)

    def _ruby(self, ruby: Any, line: Line) -> None:
        for part, form in (("w:rubyBase", "{}"), ("w:rt", "({})")):
            element = child(ruby, part)
            if element is not None:
                text = "".join(t.text or "" for t in descendants(element, "w:t"))
                self._add(form.format(text) if text else "", line)

    def _field_mark(self, mark: Any, line: Line) -> None:
        kind = value(mark, "fldCharType")
        if kind == "begin":
            line.parts.append(self.fields.begin(mark))
        elif kind == "separate":
            self.fields.separate()
        elif kind == "end":
            self._ended(line)

    def _ended(self, line: Line) -> None:
        field_ = self.fields.end()
        if field_ is None or field_.is_form or field_.has_result or not self.fields.shown:
            return
        text = instructed_text(field_)
        if text is None:
            self.found.missing["field"] += 1
        else:
            line.parts.append(text)

    def _add(self, text: str, line: Line) -> None:
        if self.fields.open:
            self.fields.note_text(text)
            if not self.fields.shown:
                return
            if self.is_margin and self.fields.in_page_number:
                line.has_page_number = True
                return
        line.parts.append(text)

    def close(self) -> None:
        """Tell what a field without an end has hidden."""
        self.found.missing["field"] += sum(one.swallowed for one in self.fields.open)
