"""How certain deadlines are, and what may be paid for them: set by owners and admins."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from django import forms
from django.http import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from aijobs.reading import rescues
from aijobs.turnaround.choice import Choice
from aijobs.turnaround.history import Turnaround
from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.settings_pages import settings_page
from citizenapp.tenants.models import Tenant

# Requests of the batches whose times are told.
SIZES = (1, 100, 10_000)

PERCENTS = [int(one) for one, _ in Tenant._meta.get_field("deadline_percent").choices or ()]


class Deadlines(forms.ModelForm):  # type: ignore[type-arg]  # It has none when it runs.
    class Meta:
        model = Tenant
        fields = ("deadline_percent", "full_price", "rescue_usd")
        labels: ClassVar = {
            "deadline_percent": "How certain should a deadline be?",
            "full_price": "Jobs may run at once, at the full price",
            "rescue_usd": "Most that rescues may cost in a month, in USD",
        }
        help_texts: ClassVar = {
            "deadline_percent": "So many of a hundred batches like its own must end in time for a "
            "job to go by batch. The more certain, the sooner a job runs at once instead.",
            "full_price": "Without it, everything goes by batch, at half the price: nothing can be "
            "asked for at once, and a deadline is a wish that may be missed.",
            "rescue_usd": "Empty: no limit but the monthly limit. 0: no batch is canceled.",
        }
        widgets: ClassVar = {
            "deadline_percent": forms.RadioSelect,
            "rescue_usd": forms.TextInput(attrs={"inputmode": "decimal"}),
        }


@dataclass(frozen=True, slots=True)
class Certainty:
    """How soon batches of SIZES end at a certainty, from when they are filled to their results."""

    percent: int
    takes: list[timedelta]
    is_chosen: bool


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def deadlines(request: MemberRequest) -> HttpResponseBase:
    """The form, how soon batches end today, and what rescues cost this month."""
    return settings_page(
        request, Deadlines, page="deadlines", template="settings/deadlines.html", beside=_beside
    )


def _beside(tenant: Tenant) -> dict[str, object]:
    now, chosen = timezone.now(), tenant.deadline_percent
    choice = Choice(Turnaround.load(now))
    return {
        "sizes": SIZES,
        "certainties": [
            Certainty(one, [choice.takes(size, one) for size in SIZES], one == chosen)
            for one in PERCENTS
        ],
        "reach": choice.reach_of(tenant),
        "percent": chosen,
        "slow": choice.turnaround.conditions.told,
        "rescues_usd": rescues.spent(tenant, now),
    }
