"""The form of what a person wants to be told by e-mail."""

from typing import Any

from django import forms

from aijobs.models import MailKind
from citizenapp.tenants.access import Access

HINTS = {
    MailKind.COLLECTION_DONE: "One e-mail for a collection, however many jobs are in it.",
    MailKind.JOBS_FAILED: "Single jobs that failed within minutes come in one e-mail; those of a "
    "collection once it is done.",
    MailKind.BUDGET_REACHED: "At 50, 80 and 100 % of the budget.",
}


class Notices(forms.Form):
    kinds = forms.MultipleChoiceField(
        required=False,
        label="Send me an e-mail when",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Only owners and admins see the budget at all.
        kinds = [
            one for one in MailKind if access.can_administer or one is not MailKind.BUDGET_REACHED
        ]
        field = self.fields["kinds"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(one.value, one.label) for one in kinds]

    @property
    def rows(self) -> list[tuple[Any, str]]:
        """Each box with what is said below it."""
        return [(box, HINTS[MailKind(box.data["value"])]) for box in self["kinds"]]
