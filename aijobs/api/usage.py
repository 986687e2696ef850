"""GET usage: what a tenant spent and saved in a period."""

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import exports, openapi, shapes, translate
from aijobs.api.bodies import JSON
from aijobs.api.endpoint import Endpoint
from aijobs.api.parameters import UsageParameters, documented
from aijobs.budgets.standing import standing
from aijobs.jobtypes import InvalidInput
from aijobs.models import CircuitBreaker
from aijobs.reading.tables import budget_table, quotes_table
from aijobs.reading.usage import PRICED_BY, EndsBeforeItBegins, Period, usage


class UsageReport(Endpoint):
    """GET usage."""

    @extend_schema(
        operation_id="get_usage",
        summary="What was spent and saved",
        tags=["usage"],
        parameters=documented(UsageParameters),
        responses=openapi.responses(
            {(200, JSON): shapes.Usage, (200, exports.CSV): str, (200, exports.XLSX): bytes}, 400
        ),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """One charge for each answer, by the usage that Anthropic returned. Sums are USD.

        Days and hours are in UTC, and a period has whole hours: `from` and `to` of the answer say
        which. A job is counted when it is charged for the first time. The groups add up to the
        totals, to the last digit. In csv and xlsx, a row is a group, and there are no totals.
        """
        wanted, now = UsageParameters.read(request.query_params), timezone.now()
        try:
            period = Period.around(wanted.since, wanted.until, now=now)
        except EndsBeforeItBegins:
            raise InvalidInput({"from": ["Must not be after `to`."]}) from None
        if wanted.table != "usage" and wanted.form != "csv":
            raise InvalidInput({"table": ["Only with `as=csv`."]})
        tenant = self.access.tenant
        if wanted.table == "quotes":
            table = quotes_table(tenant, period)
            return exports.as_csv(request._request, table, period, bom=wanted.bom)
        if wanted.table == "budget":
            table = budget_table(standing(tenant, now))
            return exports.as_csv(request._request, table, period, bom=wanted.bom)
        names: dict[str, None] = dict.fromkeys(wanted.group_by)
        if wanted.has_details or wanted.form != "json":
            names |= dict.fromkeys(PRICED_BY)
        found = usage(tenant, period, [*names])
        if wanted.form != "json":
            more = (quotes_table(tenant, period), budget_table(standing(tenant, now)))
            return exports.spending(
                request._request, found, wanted.group_by, wanted.form, more, bom=wanted.bom
            )
        report = translate.usage(
            found,
            wanted.group_by,
            CircuitBreaker.objects.open().first(),
            details=wanted.has_details,
        )
        # A row has the members that it is grouped by, and the details that were asked for.
        told = report.model_dump(mode="json", by_alias=True, exclude_none=True)
        return Response({**told, "paused": told.get("paused")})
