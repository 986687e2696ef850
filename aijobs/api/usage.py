"""GET usage: what a tenant spent and saved in a period."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import openapi, shapes, translate
from aijobs.api.endpoint import Endpoint
from aijobs.api.parameters import UsageParameters, documented
from aijobs.jobtypes import InvalidInput
from aijobs.models import CircuitBreaker
from aijobs.reading.usage import EndsBeforeItBegins, Period, usage


class UsageReport(Endpoint):
    """GET usage."""

    @extend_schema(
        operation_id="get_usage",
        summary="What was spent and saved",
        tags=["usage"],
        parameters=documented(UsageParameters),
        responses=openapi.responses({200: shapes.Usage}, 400),
    )
    def get(self, request: Request) -> Response:
        """One charge for each answer, by the usage that Anthropic returned. Sums are USD.

        Days and hours are in UTC, and a period has whole hours: `from` and `to` of the answer say
        which. A job is counted when it is charged for the first time.
        """
        wanted = UsageParameters.read(request.query_params)
        try:
            period = Period.around(wanted.since, wanted.until, now=timezone.now())
        except EndsBeforeItBegins:
            raise InvalidInput({"from": ["Must not be after `to`."]}) from None
        report = translate.usage(
            usage(self.access.tenant, period),
            wanted.group_by,
            CircuitBreaker.objects.open().first(),
        )
        return Response(report.model_dump(mode="json", by_alias=True, exclude_none=True))
