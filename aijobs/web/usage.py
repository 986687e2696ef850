"""What was spent and saved, by day, by job type and by route."""

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from aijobs.reading.usage import Period, dearest_first, usage
from aijobs.web import parameters
from aijobs.web.chart import Chart
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.parameters import asks

PERIODS = {"7": "7 days", "30": "30 days", "90": "90 days"}


@require_safe
@for_members
@asks(parameters.Days)
def overview(request: MemberRequest, asked: parameters.Days) -> HttpResponseBase:
    """The report of the past days, today among them."""
    period = Period.last_days(int(asked.days), now=timezone.now())
    found = usage(request.access.tenant, period)
    return render(
        request,
        "usage.html",
        {
            "total": found.total,
            "chart": Chart(found.every_day),
            "days": found.rows("day")[::-1],
            "by_type": dearest_first(found.by("job_type")),
            "by_route": dearest_first(found.by("route")),
            "periods": PERIODS,
            "period": asked.days,
        },
    )
