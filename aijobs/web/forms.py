"""Forms. What a field may hold is said by the job types; here their answers are put in place."""

from collections.abc import Mapping, Sequence
from typing import Any, get_origin

import annotated_types
from django import forms
from django.conf import settings
from pydantic.fields import FieldInfo

from aijobs import jobtypes
from aijobs.documents import (
    READ_AS,
    Document,
    DocumentLimits,
    HowToRead,
    UnreadableDocument,
    read_documents,
)
from aijobs.documents.confined import Confined
from aijobs.jobtypes import TEXT_FIELD, InvalidInput, JobType, Part
from aijobs.models import Quote
from aijobs.own_data import MAX_REFERENCE_CHARS
from aijobs.templatetags.show import field_label
from aijobs.web import wishes

DOCUMENT_ENDINGS = (
    ".txt,.md,.html,.pdf,.docx,.docm,.odt,.rtf,.pptx,.eml,.msg,.png,.jpg,.jpeg,.gif,.webp"
)
_READ_AS_LABELS = (
    "The text; the file itself where that is not enough",
    "The text",
    "The file itself",
)
MOST_FILES = 50
# An error about one of these is one about the file of which a job was to be made.
ABOUT_DOCUMENT = (TEXT_FIELD, "document")
TABLE_ENDINGS = ".csv,.tsv,.xlsx,.xlsm,.xls,.ods,.ndjson,.jsonl,.zip"


class LinesField(forms.CharField):
    """A list of strings, one a line; blank lines are left out."""

    widget = forms.Textarea

    def to_python(self, value: object) -> list[str]:  # type: ignore[override]
        lines = str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]


class Options(forms.Form):
    """The fields of a job type apart from its document, made from its input schema."""

    def __init__(
        self,
        kind: JobType,
        data: Mapping[str, Any] | None = None,
        begins_with: Mapping[str, Any] | None = None,
    ) -> None:
        """`begins_with`: values by field, in place of the job type's own."""
        initial = {
            name: "\n".join(value) if isinstance(value, list) else value
            for name, value in (begins_with or {}).items()
        }
        super().__init__(data, prefix=kind.name, initial=initial)
        self.kind = kind
        for name, field in kind.Input.model_fields.items():
            if name != TEXT_FIELD:
                self.fields[name] = _form_field(name, field)

    @property
    def columns(self) -> list[str]:
        """What the columns of a table of such jobs are called."""
        return list(self.kind.Input.model_fields)

    def raw(self) -> dict[str, object]:
        """What was filled in, as the job type's lenient validation takes it."""
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", [])}

    def filled_in(self) -> dict[str, object]:
        """The same of a form that may not be complete yet."""
        self.is_valid()
        return self.raw()


class _Work(forms.Form):
    """What one job and a whole collection are both asked: the type, its options, the wish."""

    job_type = forms.ChoiceField(label="What should be done?", widget=forms.RadioSelect)
    urgency = forms.ChoiceField(
        label="When do you need it?",
        choices=wishes.LABELS,
        widget=forms.RadioSelect,
        initial=wishes.LATER,
    )

    fresh = forms.BooleanField(
        label="Ask again what was asked before",
        required=False,
        help_text="Otherwise the same question gets the earlier result, and is not charged.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        initial: dict[str, Any] | None = None,
        begins_with: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`begins_with`: what the workspace has set, by job type (reading/defaults.py)."""
        set_for = begins_with or {}
        of_kind = set_for.get((initial or {}).get("job_type", ""), {})
        urgency = {"urgency": of_kind["urgency"]} if "urgency" in of_kind else {}
        super().__init__(data, files, initial=urgency | (initial or {}))
        kinds = jobtypes.offered()
        self.fields["job_type"].choices = [(kind.name, kind.title) for kind in kinds]  # type: ignore[attr-defined]
        self.options = [Options(kind, data, set_for.get(kind.name)) for kind in kinds]

    kept: Quote | None = None
    """The quote whose files stand in for those that were not sent again."""

    @property
    def kept_files(self) -> list[str]:
        """What the files of that quote are called."""
        return [file.name or "" for _, files in self.files.lists() for file in files]

    @property
    def chosen(self) -> Options:
        """The options of the chosen job type. Only for a valid form."""
        return next(o for o in self.options if o.kind.name == self.cleaned_data["job_type"])

    @property
    def needed_within(self) -> float | None:
        return wishes.SECONDS.get(self.cleaned_data.get("urgency", ""))

    def is_valid(self) -> bool:
        return super().is_valid() and self.chosen.is_valid()

    def refuse(self, refusal: InvalidInput) -> None:
        """Put the errors of a refused job or collection beside the fields they are about."""
        for path, messages in refusal.errors.items():
            form, name, prefix = self._place(path)
            for message in messages:
                form.add_error(name, prefix + message)

    def _place(self, path: str) -> tuple[forms.Form, str | None, str]:
        field, _, entry = path.partition(".")
        prefix = f"Line {int(entry) + 1}: " if entry.isdecimal() else ""
        for form in (self.chosen, self):
            if field in form.fields:
                return form, field, prefix
        return self, None, f"{field}: " if field != "non_field_errors" else ""


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, as a list."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [super(FilesField, self).clean(one, initial) for one in data or []]


class _Reading(forms.Form):
    """How files are read: what one job and a ZIP of documents are both asked."""

    read_as = forms.ChoiceField(
        label="What does Claude get of a PDF or an image?",
        choices=list(zip(READ_AS, _READ_AS_LABELS, strict=True)),
        required=False,
        initial=READ_AS[0],
    )
    accept_partial = forms.BooleanField(
        label="Take a document even if a part of it cannot be read",
        required=False,
        help_text="What was left out is named on the job’s page.",
    )

    @property
    def how_to_read(self) -> HowToRead:
        """How the files of the form are to be read. Only once the form was cleaned."""
        cleaned = self.cleaned_data
        return HowToRead(cleaned.get("read_as") or READ_AS[0], bool(cleaned.get("accept_partial")))

    @property
    def is_reading_chosen(self) -> bool:
        """Whether anything here is other than what nobody has to think about."""
        chosen = self["read_as"].value() not in (None, "", READ_AS[0])
        return chosen or bool(self["accept_partial"].value())


class NewJob(_Reading, _Work):
    text = forms.CharField(
        label="Document",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "dir": "auto", "placeholder": "Paste the text"}),
    )
    document = FilesField(
        label="File",
        required=False,
        help_text="Text, HTML, PDF, Word, mail or image. Each of several files becomes a job.",
        widget=_FilesInput(attrs={"accept": DOCUMENT_ENDINGS}),
    )
    reference = forms.CharField(
        label="Reference (optional)",
        required=False,
        max_length=MAX_REFERENCE_CHARS,
        help_text="What you call it: a policy number, a claim. Several files go by their names.",
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )

    field_order = ("job_type", "text", "document", "reference", "urgency")
    has_partial = False
    """Whether a file was refused of which a part can be read."""

    def clean(self) -> dict[str, Any]:
        """Read the files. None of them is queued where one cannot be read."""
        cleaned = super().clean() or {}
        files = cleaned.get("document") or []
        if files and cleaned.get("text", "").strip():
            self.add_error("document", "Give either a text or a file, not both.")
        elif len(files) > MOST_FILES:
            self.add_error(
                "document", f"At most {MOST_FILES} files go at once: put more in a table."
            )
        else:
            with Confined() as confined:
                cleaned["documents"] = [self._read(file, confined) for file in files]
        return cleaned

    @property
    def documents(self) -> list[tuple[Document, ...]]:
        """The documents of each file of a valid form; none for a text."""
        return self.cleaned_data["documents"] or [()]

    @property
    def is_several(self) -> bool:
        return len(self.files.getlist("document")) > 1 if self.files else False

    @property
    def parts(self) -> list[list[Part]]:
        """The documents of each job, as far as they can be read. Only once the form was cleaned."""
        read = [one for one in self.cleaned_data.get("documents", ()) if one]
        text = self.cleaned_data.get("text", "")
        if read:
            return [[document.part for document in of_job] for of_job in read]
        return [[Part(text)]] if text.strip() else []

    def described(self) -> str:
        """What a price is for: “for this file of 12 pages”."""
        read = [one for one in self.cleaned_data.get("documents", ()) if one]
        if not read:
            return "for this text"
        pages = sum(document.pages or 0 for of_job in read for document in of_job)
        files = "this file" if len(read) == 1 else f"these {len(read)} files"
        return f"for {files}{f' of {pages:,} pages' if pages > 1 else ''}"

    def raw(self, documents: Sequence[Document]) -> dict[str, object]:
        """The input of one job beside its file, for accept with `lenient`."""
        reference = self.cleaned_data["reference"]
        if documents and self.is_several:
            reference = documents[0].name[-MAX_REFERENCE_CHARS:]
        text = {} if documents else {TEXT_FIELD: self.cleaned_data["text"]}
        return {**self.chosen.raw(), **text, "reference": reference}

    def refuse_one(self, refusal: InvalidInput, name: str) -> None:
        """Put the errors of one document in place; among several its file is named."""
        if not self.is_several:
            return self.refuse(refusal)
        for path, messages in refusal.errors.items():
            if path in ABOUT_DOCUMENT:
                for message in messages:
                    self.add_error("document", f"{name}: {message}")
        rest = {path: told for path, told in refusal.errors.items() if path not in ABOUT_DOCUMENT}
        if rest and not self.chosen.errors:  # The same for each file.
            self.refuse(InvalidInput(rest))
        return None

    def _read(self, file: Any, confined: Confined) -> tuple[Document, ...]:
        limits = DocumentLimits(size=settings.AIJOBS_UPLOAD_BYTES)
        try:
            return read_documents(
                file.file,
                file.name,
                file.content_type,
                how=self.how_to_read,
                limits=limits,
                confined=confined,
            )
        except UnreadableDocument as error:
            if error.is_partial:
                self.has_partial = True
            named = f"{file.name}: " if self.is_several else ""
            self.add_error("document", f"{named}{error}")
            return ()

    def _place(self, path: str) -> tuple[forms.Form, str | None, str]:
        if path in ABOUT_DOCUMENT:
            return self, "document" if self.files.get("document") else "text", ""
        return super()._place(path)


class NewCollection(_Reading, _Work):
    name = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={"placeholder": "Motor policies, 2026"})
    )
    table = forms.FileField(
        label="Table",
        help_text="CSV, Excel or NDJSON, one document a row; or a ZIP of documents.",
        widget=forms.FileInput(attrs={"accept": TABLE_ENDINGS}),
    )
    on_error = forms.ChoiceField(
        label="If a row has an error",
        choices=[("reject", "Queue nothing"), ("skip", "Skip the row and queue the others")],
        widget=forms.RadioSelect,
        initial="reject",
    )

    field_order = ("name", "job_type", "table", "on_error", "urgency")

    def _place(self, path: str) -> tuple[forms.Form, str | None, str]:
        return (self, "table", "") if path == "items" else super()._place(path)


def _form_field(name: str, field: FieldInfo) -> forms.Field:
    label = field.title or field_label(name)
    limits = {type(limit): limit for limit in field.metadata}
    if get_origin(field.annotation) is list:
        return LinesField(
            label=label,
            required=False,
            help_text=field.description or "One a line.",
            widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        )
    attrs: dict[str, object] = {"dir": "auto"}
    if field.annotation is int:
        attrs = {
            "inputmode": "numeric",
            "data-least": getattr(limits.get(annotated_types.Ge), "ge", ""),
            "data-most": getattr(limits.get(annotated_types.Le), "le", ""),
        }
    return forms.CharField(
        label=label,
        required=False,
        initial=None if field.is_required() else field.get_default(),
        help_text=field.description or "",
        widget=forms.TextInput(attrs=attrs),
    )
