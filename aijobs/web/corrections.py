"""The form in which a person corrects a result: a field for each text, made from its job type."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from django import forms
from django.forms.boundfield import BoundField
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aijobs.jobtypes import JobType
from aijobs.jobtypes.text import storable
from aijobs.templatetags.show import field_label

MOST_CHARACTERS = 20_000
# Django takes a thousand fields of a form.
MOST_FIELDS = 900
# What proves a point, or was asked, is not a matter of opinion.
KEPT = ("quote", "document", "page", "question")
FIRST = {"answers": 0, "risks": 1, "obligations": 2}
SHORT = ("title", "who", "when")


@dataclass(frozen=True, slots=True)
class Entry:
    """One of a list in the result, such as a finding. `number` is None for one to be added."""

    number: int | None
    title: str
    fields: Sequence[BoundField]
    remove: BoundField | None


@dataclass(frozen=True, slots=True)
class Group:
    """A list in the result."""

    name: str
    title: str
    entries: Sequence[Entry]


class CorrectionForm(forms.Form):
    """`options` are what the job was given, `result` what counts of it so far."""

    def __init__(
        self,
        kind: JobType,
        options: Mapping[str, Any],
        result: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data)
        self.kind, self._result = kind, result
        self._lists: dict[str, type[BaseModel]] = {}
        for name, field in kind.Output.model_fields.items():
            inner = get_args(field.annotation)
            if get_origin(field.annotation) is list and issubclass(inner[0], BaseModel):
                self._add_list(name, inner[0])
            elif name == "category":
                choices = [(one, one) for one in options.get("categories", ())]
                self.fields[name] = forms.ChoiceField(
                    choices=choices, widget=forms.RadioSelect, initial=result.get(name)
                )
            else:
                self.fields[name] = _text(name, str(result.get(name, "")), rows=12)

    @property
    def is_short(self) -> bool:
        """Whether it may stand beside the answer."""
        return not self._lists

    @property
    def is_too_large(self) -> bool:
        return len(self.fields) > MOST_FIELDS

    @property
    def plain(self) -> list[BoundField]:
        """The fields that stand in no list."""
        return [self[name] for name in self.fields if "-" not in name]

    @property
    def groups(self) -> list[Group]:
        """As the page of the answer has them: what is looked at first comes first."""
        last = len(FIRST)
        names = sorted(self._lists, key=lambda name: FIRST.get(name, last))
        return [Group(name, field_label(name), list(self._entries(name))) for name in names]

    def corrected(self) -> dict[str, Any]:
        """The whole result as it was filled in. Only for a valid form."""
        whole = {name: self.cleaned_data[name] for name in self.fields if "-" not in name}
        for name, model in self._lists.items():
            if name in self._result or self._added(name, model):
                whole[name] = [*self._kept(name, model), *self._added(name, model)]
        return dict(self._result) | whole

    def _add_list(self, name: str, model: type[BaseModel]) -> None:
        self._lists[name] = model
        entries = self._result.get(name) or []
        for number, entry in enumerate(entries):
            for part, field in _editable(model):
                self.fields[f"{name}-{number}-{part}"] = _field(part, field, entry.get(part))
            self.fields[f"{name}-{number}-remove"] = forms.BooleanField(
                label="Remove", required=False
            )
        if _can_grow(model):
            for part, field in _editable(model):
                self.fields[f"{name}-new-{part}"] = _field(part, field, "")

    def _entries(self, name: str) -> Iterator[Entry]:
        model, entries = self._lists[name], self._result.get(name) or []
        for number, entry in enumerate(entries):
            title = next((str(entry[part]) for part in KEPT[-1:] + SHORT if entry.get(part)), "")
            fields = [self[f"{name}-{number}-{part}"] for part, _ in _editable(model)]
            yield Entry(number + 1, title, fields, self[f"{name}-{number}-remove"])
        if _can_grow(model):
            fields = [self[f"{name}-new-{part}"] for part, _ in _editable(model)]
            yield Entry(None, "", fields, None)

    def _kept(self, name: str, model: type[BaseModel]) -> Iterator[dict[str, Any]]:
        for number, entry in enumerate(self._result.get(name) or []):
            if not self.cleaned_data[f"{name}-{number}-remove"]:
                yield dict(entry) | {
                    part: self.cleaned_data[f"{name}-{number}-{part}"]
                    for part, _ in _editable(model)
                }

    def _added(self, name: str, model: type[BaseModel]) -> list[dict[str, Any]]:
        if not _can_grow(model):
            return []
        parts = [part for part, _ in _editable(model)]
        filled = {part: self.cleaned_data[f"{name}-new-{part}"] for part in parts}
        if not any(value for part, value in filled.items() if part != "severity"):
            return []
        # What the person cannot fill in is empty where it has to be there.
        rest = {part: "" for part, field in model.model_fields.items() if field.is_required()}
        return [rest | filled]


def _editable(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(name, field) for name, field in model.model_fields.items() if name not in KEPT]


def _can_grow(model: type[BaseModel]) -> bool:
    """Whether a person may add one: answers have a question each."""
    return "question" not in model.model_fields


def _field(name: str, field: FieldInfo, value: object) -> forms.Field:
    if get_origin(field.annotation) is Literal:
        choices = [(one, field_label(one)) for one in get_args(field.annotation)]
        return forms.ChoiceField(
            label=field_label(name), choices=choices, initial=value or choices[0][0]
        )
    return _text(name, str(value or ""), rows=1 if name in SHORT else 3)


class _Storable(forms.CharField):
    def to_python(self, value: object) -> str:
        # A browser sends lines with carriage returns.
        return storable(super().to_python(value) or "").replace("\r\n", "\n")


def _text(name: str, value: str, *, rows: int) -> forms.Field:
    attrs: dict[str, object] = {"dir": "auto"}
    widget: forms.Widget = forms.TextInput(attrs=attrs)
    if rows > 1:
        widget = forms.Textarea(attrs=attrs | {"rows": rows})
    return _Storable(
        label=field_label(name),
        required=False,
        max_length=MOST_CHARACTERS,
        initial=value,
        widget=widget,
    )
