"""The forms of what other forms begin with. What a field may hold is said by the job types."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms

from aijobs import jobtypes
from aijobs.jobtypes import InvalidInput, JobType, Part
from aijobs.models import CategorySet, JobDefaults
from aijobs.web import wishes
from aijobs.web.forms import LinesField, Options

CATEGORIES = "categories"
TAKEN = "There is a set of this name already."


class DefaultsForm(Options):
    """The options of a job type and the wish for speed; categories are chosen by the set's name."""

    def __init__(
        self,
        kind: JobType,
        data: Mapping[str, Any] | None,
        *,
        stored: JobDefaults | None,
        sets: Sequence[CategorySet],
    ) -> None:
        super().__init__(kind, data)
        self.stored = stored
        self._sets = {str(one.pk): one for one in sets}
        self.fields.pop(CATEGORIES, None)
        for field in self.fields.values():
            field.required = False
        if CATEGORIES in kind.Input.model_fields:
            self.fields["category_set"] = forms.ChoiceField(
                label="Categories",
                required=False,
                choices=[("", "None: they are typed each time")]
                + [(key, one.name) for key, one in self._sets.items()],
            )
        self.fields["urgency"] = forms.ChoiceField(
            label="When it is needed",
            required=False,
            choices=[("", "As it is: within 24 hours"), *wishes.LABELS],
        )
        if stored:
            for name, value in stored.options.items():
                if name in self.fields:
                    is_list = isinstance(value, list)
                    self.initial[name] = "\n".join(value) if is_list else value
            self.initial["urgency"] = stored.urgency
            self.initial["category_set"] = str(stored.category_set_id or "")

    def clean(self) -> dict[str, Any]:
        """Hold what was filled in against the job type, as a job would be."""
        cleaned = super().clean() or {}
        given = self._given(cleaned)
        try:
            self.kind.validate(given, [Part(" ")], lenient=True)
        except InvalidInput as refusal:
            for path, told in refusal.errors.items():
                field, _, entry = path.partition(".")
                if field in given:
                    line = f"Line {int(entry) + 1}: " if entry.isdecimal() else ""
                    self.add_error(field, [f"{line}{one}" for one in told])
        return cleaned

    def stored_fields(self) -> dict[str, object]:
        """What is stored of a valid form. What is the job type's own default is none of ours."""
        chosen = self._sets.get(self.cleaned_data.get("category_set") or "")
        return {
            "options": self._given(self.cleaned_data),
            "urgency": self.cleaned_data["urgency"],
            "category_set": chosen,
        }

    def told(self) -> dict[str, object]:
        """What is stored, as the audit tells of it."""
        stored = self.stored or JobDefaults()
        chosen = self._sets.get(str(stored.category_set_id or ""))
        fields = {
            **stored.options,
            "urgency": stored.urgency,
            "categories": chosen.name if chosen else "",
        }
        return {f"{self.kind.name} {name}": value for name, value in fields.items()}

    def _given(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        own = set(self.kind.Input.model_fields)
        return {
            name: value for name, value in cleaned.items() if name in own and value not in ("", [])
        }


class CategoriesForm(forms.ModelForm):  # type: ignore[type-arg]  # It has none when it runs.
    """A name and its categories, one on each line."""

    categories = LinesField(
        label="Categories",
        help_text="Each on a line of its own. Name them as somebody would say them.",
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
    )

    class Meta:
        model = CategorySet
        fields = ("name", "categories")
        labels: ClassVar = {"name": "Name"}
        widgets: ClassVar = {"name": forms.TextInput(attrs={"dir": "auto"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial[CATEGORIES] = "\n".join(self.instance.categories or [])

    def clean(self) -> dict[str, Any]:
        """What a classification would take, under a name that no other set has."""
        cleaned = super().clean() or {}
        if categories := cleaned.get(CATEGORIES):
            try:
                jobtypes.get("classify").validate({CATEGORIES: categories}, [Part(" ")])
            except InvalidInput as refusal:
                told = [one for messages in refusal.errors.values() for one in messages]
                self.add_error(CATEGORIES, list(dict.fromkeys(told)))
        others = CategorySet.objects.of(self.instance.tenant).exclude(pk=self.instance.pk)
        if others.filter(name=cleaned.get("name")).exists():
            self.add_error("name", TAKEN)
        return cleaned
