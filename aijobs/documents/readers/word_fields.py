"""Fields: which of their parts are shown, and the values of forms."""

from dataclasses import dataclass
from typing import Any

from .office import child, children, is_on, name_of, value, whole
from .word_symbols import symbol

TICKED, EMPTY = "☒", "☐"
PAGE_NUMBERS = {"PAGE", "NUMPAGES", "SECTIONPAGES"}
# What Word makes of these is stored nowhere.
_UNSTORED = {"EQ", "LISTNUM", "AUTONUM", "AUTONUMLGL", "AUTONUMOUT", "ADVANCE"}


@dataclass(slots=True)
class Field:
    """A field that has begun and has not ended."""

    instruction: str = ""
    in_result: bool = False
    has_result: bool = False
    is_form: bool = False
    swallowed: bool = False
    """Whether text stood where its instruction should."""

    @property
    def word(self) -> str:
        """What kind of field it is: PAGE, REF, HYPERLINK."""
        return (self.instruction.split() or [""])[0].upper()


@dataclass(slots=True)
class Fields:
    """The fields that are open at one place of a story."""

    open: list[Field]

    @property
    def shown(self) -> bool:
        """Whether text at this place is shown."""
        return all(one.in_result and not one.is_form for one in self.open)

    @property
    def in_page_number(self) -> bool:
        """Whether text at this place is the number of a page."""
        return any(one.word in PAGE_NUMBERS for one in self.open)

    def begin(self, mark: Any) -> str:
        """Open a field; returns the value of a form's tick box or choice."""
        shown = self.shown
        form = form_value(mark)
        self.open.append(Field(is_form=form is not None))
        return form or "" if shown else ""

    def separate(self) -> None:
        """What follows is the result of the innermost field."""
        if self.open:
            self.open[-1].in_result = True

    def end(self) -> Field | None:
        """Close the innermost field."""
        return self.open.pop() if self.open else None

    def instruct(self, text: str) -> None:
        """Add to the instruction of the innermost field."""
        # An instruction has a few words; what a file repeats without end is not kept.
        if self.open and len(self.open[-1].instruction) < 2000:
            self.open[-1].instruction += text

    def note_text(self, text: str) -> None:
        """Tell the open fields that text stands here."""
        for one in self.open:
            if one.in_result:
                one.has_result = True
            elif text.strip():
                one.swallowed = True


def form_value(mark: Any) -> str | None:
    """The value of a form field's tick box or list of choices; None where it is none."""
    data = child(mark, "w:ffData")
    if data is None:
        return None
    for one in data:
        if name_of(one) == "w:checkBox":
            state = child(one, "w:checked")
            if state is None:
                state = child(one, "w:default")
            return TICKED if state is not None and is_on(state) else EMPTY
        if name_of(one) == "w:ddList":
            picked = child(one, "w:result")
            if picked is None:
                picked = child(one, "w:default")
            at = 0 if picked is None else whole(picked)
            entries = [value(entry) or "" for entry in children(one, "w:listEntry")]
            return entries[at] if 0 <= at < len(entries) else ""
    return None


def instructed_text(field: Field) -> str | None:
    """What a field shows that has no result: text, or None where it is stored nowhere."""
    words = field.instruction.split()
    if field.word == "MACROBUTTON":
        return " ".join(words[2:])
    if field.word == "SYMBOL" and len(words) > 1:
        font = field.instruction.partition("\\f")[2].strip().strip('"').partition('"')[0]
        try:
            code = int(words[1], 16 if words[1].lower().startswith("0x") else 10)
        except ValueError:
            return None
        return symbol(code, font)
    return None if field.word in _UNSTORED else ""
