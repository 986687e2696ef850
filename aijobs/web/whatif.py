"""What the charges of a month would have been under another model, batch share or cache."""

from datetime import timedelta

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from aijobs import pricing
from aijobs.reading import replay
from aijobs.templatetags.dollars import compared
from aijobs.web import parameters
from aijobs.web.guards import MemberRequest, for_members
from aijobs.web.parameters import asks
from aijobs.web.ranges import range_of, zone_of
from aijobs.whatif import Settings, by_model

# Each charge is read: a longer time is for the command.
LONGEST = timedelta(days=93)


@require_safe
@for_members
@asks(parameters.WhatIf)
def compare(request: MemberRequest, asked: parameters.WhatIf) -> HttpResponseBase:
    """The form, and what was and would be, by model."""
    zone = request.access.tenant.time_zone
    shown = range_of(asked, now=timezone.now(), zone=zone_of(zone))
    period = shown.period
    settings = Settings(asked.model, asked.batch_share, asked.cache_hit)
    is_too_long = period.until - period.since > LONGEST
    found = [] if is_too_long else replay.charges(request.access.tenant, period, pricing.limits())
    rows, total = by_model(found, settings)
    lines, whole = compared(
        [(name, row.was, row.would_be) for name, row in rows.items()], total.was, total.would_be
    )
    return render(
        request,
        "usage/whatif.html",
        {
            "range": shown,
            "zone": zone,
            "asked": asked,
            "is_asked": settings != Settings(),
            "is_too_long": is_too_long,
            "longest": LONGEST.days,
            "models": pricing.models(),
            "rows": [*zip(lines, rows.values(), strict=True)],
            "whole": whole,
            "total": total,
        },
    )
