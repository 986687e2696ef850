"""Controls of forms in OpenDocument texts, as they were filled in."""

from typing import Any

from .office import children, descendants, name_of, value
from .word_fields import EMPTY, TICKED

_TYPED = {
    f"form:{name}"
    for name in ("text", "textarea", "formatted-text", "combobox", "number", "date", "time")
}
_LABELLED = {"form:fixed-text", "form:button", "form:frame"}
# What they hold is not shown, or is no text.
_MUTE = {"form:hidden", "form:password", "form:file", "form:image", "form:image-frame"}


class Controls:
    """The controls of a document by the id that drawings refer to them with."""

    def __init__(self, content: Any) -> None:
        self._controls: dict[str, Any] = {}
        for forms in descendants(content, "office:forms"):
            for one in forms.iter():
                # A control has its id twice: newer programs refer to that of XML.
                for key, identity in one.attrib.items():
                    if key.rpartition("}")[2] == "id":
                        self._controls.setdefault(str(identity), one)

    def shown(self, identity: str) -> str | None:
        """What a control shows; None for one that is not there or of a kind that is not known."""
        control = self._controls.get(identity)
        name = "" if control is None else name_of(control)
        if name in _TYPED:
            return _first(control, "current-value", "value") or _typed_paragraphs(control)
        if name == "form:checkbox":
            state = _first(control, "current-state", "state")
            return _ticked(state == "checked", control)
        if name == "form:radio":
            return _ticked(_first(control, "current-selected", "selected") == "true", control)
        if name == "form:listbox":
            return _chosen(control)
        if name in _LABELLED:
            return value(control, "label") or ""
        return "" if name in _MUTE else None


def _first(element: Any, *attributes: str) -> str:
    return next((found for name in attributes if (found := value(element, name)) is not None), "")


def _typed_paragraphs(control: Any) -> str:
    return "\n".join("".join(one.itertext()) for one in children(control, "text:p"))


def _ticked(is_ticked: bool, control: Any) -> str:
    return f"{TICKED if is_ticked else EMPTY} {value(control, 'label') or ''}".rstrip()


def _chosen(control: Any) -> str:
    options = children(control, "form:option")
    # What is selected when the form is opened is stored beside what a person has chosen since.
    chosen = [one for one in options if value(one, "current-selected") == "true"] or [
        one for one in options if value(one, "selected") == "true"
    ]
    return ", ".join(value(one, "label") or value(one, "value") or "" for one in chosen)
