"""The forms of the settings of a workspace."""

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms

from citizenapp.tenants.models import Tenant

# Of the names that IANA's database gives to places: area, city.
_AREAS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
}  # fmt: skip


def time_zones() -> list[tuple[str, str]]:
    """Places, such as “Europe/Zurich”, and UTC.

    The database also holds older names of the same zones, and names of files that are none.
    """
    places = sorted(name for name in available_timezones() if name.partition("/")[0] in _AREAS)
    return [(name, name.replace("_", " ")) for name in ("UTC", *places)]


class _InTimeZone(forms.ModelForm):  # type: ignore[type-arg]  # It has none when it runs.
    """A form with the workspace's time zone in it, to be chosen from those that people know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones, own = time_zones(), self.instance.time_zone
        # One that was set by other means stays chosen.
        if own not in dict(zones):
            zones.append((own, own))
        self.fields["time_zone"].widget.choices = zones


class General(_InTimeZone):
    """What a workspace is called, where its days begin, and for how long it keeps its jobs."""

    class Meta:
        model = Tenant
        fields = ("name", "time_zone", "keep_days")
        labels: ClassVar = {"keep_days": "Days that jobs are kept"}
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"dir": "auto"}),
            "time_zone": forms.Select,
            "keep_days": forms.TextInput(attrs={"inputmode": "numeric"}),
        }


class Budget(_InTimeZone):
    """What a tenant may spend, and where its months begin."""

    class Meta:
        model = Tenant
        fields = ("budget_usd", "limit_usd", "time_zone")
        labels: ClassVar = {
            "budget_usd": "Budget of a month, in USD",
            "limit_usd": "Limit of a month, in USD",
        }
        widgets: ClassVar = {
            "budget_usd": forms.TextInput(attrs={"inputmode": "decimal"}),
            "limit_usd": forms.TextInput(attrs={"inputmode": "decimal"}),
            "time_zone": forms.Select,
        }

    def clean(self) -> dict[str, Any]:
        """A budget above the limit would never be told of."""
        cleaned = super().clean() or {}
        budget, limit = cleaned.get("budget_usd"), cleaned.get("limit_usd")
        if budget is not None and limit is not None and budget > limit:
            self.add_error("budget_usd", "Must not be more than the limit.")
        return cleaned


class Repeats(forms.ModelForm):  # type: ignore[type-arg]  # It has none when it runs.
    """For how many days a result answers the same question."""

    class Meta:
        model = Tenant
        fields = ("repeat_days",)
        labels: ClassVar = {"repeat_days": "Days that a result counts"}
        widgets: ClassVar = {"repeat_days": forms.TextInput(attrs={"inputmode": "numeric"})}


class LongPrompts(forms.ModelForm):  # type: ignore[type-arg]  # It has none when it runs.
    """What becomes of prompts for whose length a model asks more."""

    class Meta:
        model = Tenant
        fields = ("long_prompts",)
        labels: ClassVar = {"long_prompts": "What should become of such a job?"}
        help_texts: ClassVar = {"long_prompts": ""}
        widgets: ClassVar = {"long_prompts": forms.RadioSelect}
