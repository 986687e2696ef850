"""What a tenant may spend in a month: seen and set by its owners and admins."""

from datetime import datetime

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from aijobs.budgets import notices, standing
from aijobs.quotes.accuracy import accuracy
from aijobs.web.guards import MemberRequest, for_administrators
from aijobs.web.settings_forms import Budget
from aijobs.web.settings_pages import settings_page
from citizenapp.tenants.models import Tenant


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def budget(request: MemberRequest) -> HttpResponseBase:
    """The form, and how this month stands."""
    now = timezone.now()
    return settings_page(
        request,
        Budget,
        page="budget",
        template="settings/budget.html",
        beside=lambda tenant: budget_of(tenant, now),
    )


def budget_of(tenant: Tenant, now: datetime) -> dict[str, object]:
    """What `usage/budget.html` shows."""
    found = standing.standing(tenant, now)
    return {
        "standing": found,
        "budget_used_up_on": found.used_up_on(found.budget, now),
        "limit_used_up_on": found.used_up_on(found.limit, now),
        "accuracy": accuracy(tenant),
    }


@require_POST
@for_administrators
def put_away(request: MemberRequest) -> HttpResponseBase:
    notices.put_away(request.access.tenant, timezone.now(), by=request.access.actor)
    return redirect("budget")
