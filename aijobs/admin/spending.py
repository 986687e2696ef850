"""What all tenants spent in a month: one report, by tenant for invoices, and as CSV."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from aijobs.admin.reading import ReadOnlyAdmin
from aijobs.models import UsageRollup
from aijobs.reading import staff
from aijobs.reading.money import Money
from aijobs.reading.tables import BYTE_ORDER_MARK, csv_lines, spending_header, spending_texts
from aijobs.reading.usage import PRICED_BY, Period, Usage, dearest_first
from citizenapp.tenants.models import Tenant

# What an invoice lists.
INVOICED_BY = ("tenant", "job_type", "route", "model")
HEADINGS = {"job_type": "Job type", "route": "Route", "model": "Model", "day": "Day"}


@admin.register(UsageRollup)
class SpendingAdmin(ReadOnlyAdmin):
    """The sums of a month over all tenants, instead of the list of their hours."""

    fields = (
        "tenant", "hour", "job_type", "route", "model", "created_by", "collection_id", "jobs",
        "answers", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
        "cost_usd", "sync_cost_usd", "saved_usd",
    )  # fmt: skip

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The report of a month; with `as=csv` a row for each tenant, type, route and model."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        first = _month(request.GET.get("month", ""), timezone.now().date())
        period = Period.month(first)
        tenants = Tenant.objects.in_bulk()
        if request.GET.get("as") == "csv":
            return _csv(staff.usage_of_all(period, [*PRICED_BY, "tenant"]), tenants)
        # Two queries with few groups each are quicker than one with every pair of them.
        found = staff.usage_of_all(period, PRICED_BY)
        by_tenant = staff.usage_of_all(period, ["tenant"]).by("tenant")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Spending in {first:%B %Y}",
            "earlier": (first - timedelta(days=1)).replace(day=1),
            "later": period.until.date() if period.until <= timezone.now() else None,
            "month": first,
            "total": found.total,
            "tenants": [(tenants[pk], money) for pk, money in dearest_first(by_tenant)],
            "groups": [(heading, _rows(found, name)) for name, heading in HEADINGS.items()],
        }
        return TemplateResponse(request, "admin/aijobs/spending.html", context)


def _rows(found: Usage, name: str) -> list[tuple[Any, Money]]:
    return found.rows(name) if name == "day" else dearest_first(found.by(name))


def _csv(found: Usage, tenants: Mapping[int, Tenant]) -> HttpResponse:
    header = ["tenant", "slug", *spending_header(INVOICED_BY[1:])]
    rows = (
        spending_texts((tenants[pk].name, tenants[pk].slug, *group), money)
        for (pk, *group), money in found.rows(*INVOICED_BY)
    )
    return HttpResponse(
        BYTE_ORDER_MARK.encode() + csv_lines([header]) + csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="spending-{found.period.name}.csv"'},
    )


def _month(text: str, today: date) -> date:
    """The first day of a month such as 2026-11; of this month where the text is none."""
    match = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text, re.ASCII)
    return date(int(match[1]), int(match[2]), 1) if match else today.replace(day=1)
