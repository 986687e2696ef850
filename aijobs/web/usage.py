"""What was spent and saved, by day, by job type and by route."""

from datetime import timedelta

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.queries import money

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days"}


@require_GET
@for_members
def overview(request: MemberRequest) -> HttpResponseBase:
    asked = request.GET.get("days", "")
    period = asked if asked in PERIODS else "30"
    tenant, now = request.access.tenant, timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=int(period) - 1)
    days = money.spent_by_day(tenant, since, now)
    return render(
        request,
        "usage.html",
        {
            "total": money.spent(tenant, since, now),
            "chart": money.Chart(days),
            "days": [(day, spent) for day, spent in reversed(days) if spent.answers],
            "by_type": money.spent_by(tenant, since, now, "job_type"),
            "by_route": money.spent_by(tenant, since, now, "route"),
            "periods": PERIODS,
            "period": period,
        },
    )
