"""The form by which a collection is run again: what is asked of its documents, how, and when."""

from collections.abc import Mapping
from typing import Any

from django import forms

from aijobs.jobtypes import InvalidInput, JobType
from aijobs.models import Quote
from aijobs.quotes import tiers
from aijobs.web import wishes
from aijobs.web.forms import Options


class RunAgain(wishes.WishForm):
    """`common`: the options that all rows have; None where rows have options of their own."""

    model = forms.ChoiceField(label="Which Claude?", required=False)
    fresh = forms.BooleanField(
        label="Ask again what was asked before",
        required=False,
        help_text="Otherwise the same question gets the earlier result, and is not charged.",
    )
    kept: Quote | None = None
    """The quote that is being changed."""

    def __init__(
        self,
        kind: JobType,
        common: Mapping[str, Any] | None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data)
        self.kind, self.keeps_own = kind, common is None
        self.fields["model"].choices = tiers.choices(kind)  # type: ignore[attr-defined]
        self.options = Options(kind, data)
        for name, field in self.options.fields.items():
            value = (common or {}).get(name)
            field.initial = "\n".join(value) if isinstance(value, list) else value

    def is_valid(self) -> bool:
        return super().is_valid() and self.options.is_valid()

    def raw(self) -> dict[str, object]:
        """The options as they were filled in. Only for a valid form."""
        return self.options.raw()

    @property
    def asked_model(self) -> str:
        """The model that was chosen; empty for that of the job type."""
        return str(self.cleaned_data.get("model", ""))

    @property
    def is_fresh(self) -> bool:
        return bool(self.cleaned_data.get("fresh"))

    @property
    def problems(self) -> list[str]:
        """All that is wrong with it."""
        return [str(one) for form in (self, self.options) for one in form.errors.values()]

    def refuse(self, refusal: InvalidInput) -> None:
        """Put errors beside the fields they are about."""
        for path, messages in refusal.errors.items():
            field, _, entry = path.partition(".")
            prefix = f"Line {int(entry) + 1}: " if entry.isdecimal() else ""
            for message in messages:
                if field in self.options.fields:
                    self.options.add_error(field, prefix + message)
                else:
                    self.add_error(None, message)
