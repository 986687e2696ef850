"""What becomes of long prompts: set by owners and admins."""

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from django.conf import settings
from django.http import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from aijobs import jobtypes, pricing
from aijobs.pricing import Usage
from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.settings_forms import LongPrompts
from aijobs.web.settings_pages import settings_page

# In tokens: twice as long as the lowest price of Haiku 5.5 reaches, and a usual answer.
EXAMPLE = Usage(200_000, 1_000)


@dataclass(frozen=True, slots=True)
class Stepped:
    """A model that asks more for long prompts: above so many tokens."""

    model: str
    step: int
    titles: str
    """Of the job types that ask it."""
    usd: Decimal
    """What a prompt of EXAMPLE costs in a batch."""
    other_usd: Decimal
    """What the same costs by the other model."""


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def long_prompts(request: MemberRequest) -> HttpResponseBase:
    """The form, and what comes of it."""
    other_model = settings.AIJOBS_MODEL_LONG_PROMPTS
    return settings_page(
        request,
        LongPrompts,
        page="long-prompts",
        template="settings/long_prompts.html",
        beside=lambda _: {
            "stepped": _stepped(other_model),
            "example": EXAMPLE,
            "other_model": other_model,
        },
    )


def _stepped(other_model: str) -> list[Stepped]:
    """The models of today's job types whose price has a step, beside the other model."""
    today = timezone.now().astimezone(UTC).date()
    titles: dict[str, list[str]] = {}
    for kind in jobtypes.offered():
        titles.setdefault(kind.model, []).append(kind.title)
    found = []
    for model, named in titles.items():
        try:
            step = pricing.step(model, on=today)
            usd, other_usd = (
                pricing.charge(one, EXAMPLE, batch=True, on=today).cost_usd
                for one in (model, other_model)
            )
        except LookupError:
            continue
        if step is not None:
            found.append(Stepped(model, step, ", ".join(named), usd, other_usd))
    return found
