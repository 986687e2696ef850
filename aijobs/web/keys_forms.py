"""The forms of API keys."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from aijobs import jobtypes
from citizenapp.tenants.models import Role, Tenant

LASTS = {
    "never": "Never",
    "30": "In 30 days",
    "90": "In 90 days",
    "365": "In a year",
    "day": "On a day",
}
OVERLAPS = [(0, "At once"), (1, "In 1 hour"), (24, "In 1 day"), (7 * 24, "In 7 days")]


class NewKey(forms.Form):
    name = forms.CharField(
        max_length=50,
        label="Name",
        help_text="What will use it: “claims import”, “website”.",
    )
    role = forms.ChoiceField(
        label="What it may do",
        choices=[(Role.MEMBER.value, "Queue and read"), (Role.VIEWER.value, "Read only")],
        initial=Role.MEMBER,
        widget=forms.RadioSelect,
    )
    job_types = forms.MultipleChoiceField(
        required=False,
        label="Queue only these",
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none for all of them, also those that come later.",
    )
    expires = forms.ChoiceField(
        required=False,
        label="It expires",
        choices=list(LASTS.items()),
        initial="never",
        widget=forms.RadioSelect,
    )
    expires_on = forms.DateField(
        required=False,
        label="The last day on which it holds",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, tenant: Tenant, now: datetime, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tenant, self._now = tenant, now
        field = self.fields["job_types"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(kind.name, kind.title) for kind in jobtypes.all_types()]

    def clean(self) -> dict[str, Any]:
        """A day that is chosen must be given, and lie ahead."""
        cleaned = super().clean() or {}
        if cleaned.get("expires") == "day" and "expires_on" in cleaned:
            day = cleaned["expires_on"]
            if day is None:
                self.add_error("expires_on", "Which day?")
            elif self._end_of(day) <= self._now:
                self.add_error("expires_on", "Must not be in the past.")
        return cleaned

    @property
    def expires_at(self) -> datetime | None:
        """The moment at which the key expires: a day is whole, where the workspace is."""
        chosen = self.cleaned_data["expires"] or "never"
        if chosen == "day":
            return self._end_of(self.cleaned_data["expires_on"])
        return None if chosen == "never" else self._now + timedelta(days=int(chosen))

    def _end_of(self, day: Any) -> datetime:
        try:
            after = day + timedelta(days=1)
            return datetime.combine(after, time(), ZoneInfo(self._tenant.time_zone)).astimezone(UTC)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


class RollOver(forms.Form):
    hours = forms.TypedChoiceField(
        label="The old key ends",
        choices=OVERLAPS,
        coerce=int,
        initial=24,
        widget=forms.RadioSelect,
        help_text="Until then both work: put the new one wherever the old one is used.",
    )
