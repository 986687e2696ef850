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
    report = money.report(tenant, since, now=now)
    return render(
        request,
        "usage.html",
        {
            "total": report.total,
            "chart": money.Chart(report.days),
            "days": [(day, spent) for day, spent in reversed(report.days) if spent.answers],
            "by_type": report.by_type,
            "by_route": report.by_route,
            "periods": PERIODS,
            "period": period,
        },
    )
