"""Forms. What a field may hold is said by the job types; here their answers are put in place."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, get_origin

import annotated_types
from django import forms
from pydantic.fields import FieldInfo

from aijobs import jobtypes, uploads
from aijobs.documents import READ_AS, Document, HowToRead
from aijobs.documents.confined import Confined
from aijobs.jobtypes import TEXT_FIELD, InvalidInput, JobType, Part
from aijobs.models import Quote, Upload
from aijobs.own_data import MAX_REFERENCE_CHARS
from aijobs.templatetags.show import field_label
from aijobs.web import wishes
from citizenapp.tenants import reader

DOCUMENT_ENDINGS = (
    ".txt,.md,.html,.pdf,.docx,.docm,.odt,.rtf,.pptx,.eml,.msg,.png,.jpg,.jpeg,.gif,.webp"
    ",image/png,image/jpeg,image/gif,image/webp"  # A phone offers its camera for these.
)
_READ_AS_LABELS = (
    "The text; the file itself where that is not enough",
    "The text",
    "The file itself",
)
# Of one form. Without scripts a browser sends at most a hundred files at once.
MOST_FILES = 500
_TOLD_FILES = 10
# An error about one of these is one about the file of which a job was to be made.
ABOUT_DOCUMENT = (TEXT_FIELD, "document")
TABLE_ENDINGS = ".csv,.tsv,.xlsx,.xlsm,.xls,.ods,.ndjson,.jsonl,.zip"


class LinesField(forms.CharField):
    """A list of strings, one a line; blank lines are left out."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

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


class _Work(wishes.WishForm):
    """What a text, files and a table are all asked: the type, its options, the wish."""

    job_type = forms.ChoiceField(label="What should be done?", widget=forms.RadioSelect)

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
        *,
        uploads: Sequence[Upload] = (),
        gone: int = 0,
    ) -> None:
        super().__init__(data, files, initial=initial)
        kinds = jobtypes.offered()
        self.fields["job_type"].choices = [(kind.name, kind.title) for kind in kinds]  # type: ignore[attr-defined]
        of_kinds = (initial or {}).get("options", {})
        self.options = [Options(kind, data, of_kinds.get(kind.name)) for kind in kinds]
        self.uploads, self.gone = uploads, gone

    kept: Quote | None = None
    """The quote that is being changed."""

    @property
    def chosen(self) -> Options:
        """The options of the chosen job type. Only for a valid form."""
        return next(o for o in self.options if o.kind.name == self.cleaned_data["job_type"])

    def is_valid(self) -> bool:
        return super().is_valid() and self.chosen.is_valid()

    def mark_first_wrong(self) -> None:
        """Let the page open at the first field that is wrong."""
        for form in (self, *self.options):
            for name in form.errors:
                if name in form.fields:
                    form.fields[name].widget.attrs["autofocus"] = True
                    return

    def add_gone(self, field: str, gone: int) -> None:
        """Say that files are not there any more: they were queued, dropped, or not used in time."""
        if gone:
            which = "A file is" if gone == 1 else f"{reader.count(gone)} files are"
            self.add_error(field, f"{which} not here any more. Choose again what is missing.")

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
    """A text, or files. One is a job; several are a collection, in which each is a job."""

    text = forms.CharField(
        label="Document",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto", "placeholder": "Paste the text"}),
    )
    document = FilesField(
        label="Files",
        required=False,
        help_text="Text, HTML, PDF, Word, mail or image. Each of several files gets its own answer."
        f" Up to {MOST_FILES} files.",
        widget=_FilesInput(attrs={"accept": DOCUMENT_ENDINGS}),
    )
    name = forms.CharField(
        label="Name of the collection (optional)",
        required=False,
        max_length=200,
        help_text="Several files are queued together, under this name.",
        widget=forms.TextInput(attrs={"placeholder": "Motor policies, 2026", "dir": "auto"}),
    )
    reference = forms.CharField(
        label="Reference (optional)",
        required=False,
        max_length=MAX_REFERENCE_CHARS,
        help_text="What you call it: a policy number, a claim. Several files go by their names.",
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )

    field_order = ("job_type", "text", "document", "name", "reference", "urgency")
    has_partial = False
    """Whether a file was refused of which a part can be read."""

    def __init__(self, *args: Any, unstored: Sequence[str] = (), **given: Any) -> None:
        super().__init__(*args, **given)
        self._unstored = unstored

    def clean(self) -> dict[str, Any]:
        """None of the files is queued where one of them cannot be read."""
        cleaned = super().clean() or {}
        for refusal in self._unstored:
            self.add_error("document", refusal)
        self.add_gone("document", self.gone)
        if self.uploads and cleaned.get("text", "").strip():
            self.add_error("document", "Give either a text or a file, not both.")
        elif len(self.uploads) > MOST_FILES:
            self.add_error(
                "document", f"At most {MOST_FILES} files go at once: put more in a table or a ZIP."
            )
        else:
            self._look_at_files()
        return cleaned

    @property
    def is_several(self) -> bool:
        return len(self.uploads) > 1

    @property
    def collection_name(self) -> str:
        """What several files are called together."""
        if name := self.cleaned_data["name"]:
            return str(name)
        others = len(self.uploads) - 1
        told = f"{reader.count(others)} other{'s' if others > 1 else ''}"
        return f"{self.uploads[0].name[:150]} and {told}"

    @property
    def documents(self) -> Sequence[Document]:
        """What was read of the one file; nothing for a text."""
        return uploads.documents_of(self.uploads[0]) if self.uploads else ()

    def rows(self, stack: ExitStack) -> Iterator[tuple[Any, ...]]:
        """Several files as rows of a collection, on disk until the stack is closed."""
        # At once, and not when the first row is wanted: that may be in the middle of a COPY.
        read = zip(self.uploads, uploads.spooled(self.uploads, stack), strict=True)
        return (
            (number, {"reference": upload.name[-MAX_REFERENCE_CHARS:]}, *documents)
            for number, (upload, documents) in enumerate(read, 1)
        )

    def parts(self) -> Iterator[list[Part]]:
        """The documents of each job, as far as they can be read. Only once the form was cleaned."""
        text = self.cleaned_data.get("text", "")
        if text.strip() and not self.uploads:
            yield [Part(text)]
        for upload in self.uploads:
            if not upload.refused and not upload.is_table:
                yield [document.part for document in uploads.documents_of(upload)]

    def described(self) -> str:
        """What a price is for: “for this file of 12 pages”."""
        read = [one for one in self.uploads if not one.refused and not one.is_table]
        if not read:
            return "for this text"
        pages = sum(one.pages or 0 for one in read)
        files = "this file" if len(read) == 1 else f"these {reader.count(len(read))} files"
        return f"for {files}{f' of {reader.count(pages)} pages' if pages > 1 else ''}"

    def raw(self) -> dict[str, object]:
        """The input of one job beside its file, for accept with `lenient`."""
        text = {} if self.uploads else {TEXT_FIELD: self.cleaned_data["text"]}
        return {**self.chosen.raw(), **text, "reference": self.cleaned_data["reference"]}

    def refuse_rows(self, rejected: Sequence[tuple[int, Mapping[str, Sequence[str]]]]) -> None:
        """Put the errors of several files in place, each under its name."""
        for row, errors in rejected[:_TOLD_FILES]:
            for messages in errors.values():
                for message in messages:
                    self.add_error("document", f"{self.uploads[row - 1].name}: {message}")

    def _look_at_files(self) -> None:
        with Confined() as confined:
            for upload in self.uploads:
                uploads.read_again(upload, self.how_to_read, confined)
        self.has_partial = any(one.is_partial for one in self.uploads)
        for upload in self.uploads:
            named = f"{upload.name}: " if self.is_several else ""
            if upload.is_table:
                self.add_error(
                    "document", f"{named}This is a table. Set it up under “A table”, or remove it."
                )
            elif upload.refused:
                self.add_error("document", f"{named}{upload.refused}")

    def _place(self, path: str) -> tuple[forms.Form, str | None, str]:
        if path in ABOUT_DOCUMENT:
            return self, "document" if self.uploads else "text", ""
        return super()._place(path)


class NewCollection(_Reading, _Work):
    """A table, of which each row becomes a job; or a ZIP of documents."""

    name = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "Motor policies, 2026", "dir": "auto"}),
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

    def clean(self) -> dict[str, Any]:
        """Says what is not there any more."""
        cleaned = super().clean() or {}
        self.add_gone("table", self.gone)
        return cleaned

    def _place(self, path: str) -> tuple[forms.Form, str | None, str]:
        return (self, "table", "") if path == "items" else super()._place(path)


def _form_field(name: str, field: FieldInfo) -> forms.Field:
    label = field.title or field_label(name)
    limits = {type(limit): limit for limit in field.metadata}
    if get_origin(field.annotation) is list:
        return LinesField(
            label=label,
            required=False,
            help_text=field.description or "Write each on a line of its own.",
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
