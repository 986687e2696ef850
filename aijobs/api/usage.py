"""GET usage: what a tenant spent and saved in a period."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import openapi, reading, shapes
from aijobs.api.endpoint import Endpoint
from aijobs.api.parameters import Period
from aijobs.jobtypes import InvalidInput
from aijobs.models import BlockReason, CircuitBreaker, UsageRollup
from aijobs.models.rollups import HOUR, start_of_hour

DEFAULT_PERIOD = timedelta(days=30)
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC) - HOUR
GROUPS = {
    "day": TruncDate("hour", tzinfo=UTC),
    "job_type": F("job_type"),
    "route": F("route"),
}


class UsageReport(Endpoint):
    """One charge for each answer, by the usage that Anthropic returned.

    Days and hours are in UTC, and a period has whole hours: `from` and `to` of the answer say
    which. A job is counted when it is charged for the first time.
    """

    @extend_schema(
        operation_id="get_usage",
        summary="What was spent and saved",
        tags=["usage"],
        parameters=Period.documented(),
        responses=openapi.responses({200: shapes.Usage}, 400),
    )
    def get(self, request: Request) -> Response:
        wanted = Period.read(request.query_params)
        until = _end_of_hour(wanted.until or timezone.now())
        since = wanted.since or until - min(DEFAULT_PERIOD, until - EARLIEST)
        if since > until:
            raise InvalidInput({"from": ["Must not be after `to`."]})
        since = start_of_hour(since)
        hours = UsageRollup.objects.filter(tenant=self.access.tenant, hour__lt=until).since(since)
        sums = {name: Sum(name) for name in ("jobs", *reading.TOKENS, *reading.SUMS)}
        rows: Any = list(
            hours.values(**{f"by_{wanted.group_by}": GROUPS[wanted.group_by]})
            .annotate(**sums)
            .order_by(f"by_{wanted.group_by}")
        )
        report = shapes.Usage(
            since=since,
            until=until,
            group_by=wanted.group_by,
            rows=[
                shapes.SpentRow(**{name.removeprefix("by_"): value for name, value in row.items()})
                for row in rows
            ],
            totals=shapes.Spent(**{name: sum(row[name] for row in rows) for name in sums}),
            paused=_pause(),
        )
        return Response(report.model_dump(mode="json", by_alias=True, exclude_none=True))


def _pause() -> shapes.Pause | None:
    breaker = CircuitBreaker.objects.open().first()
    if breaker is None:
        return None
    return shapes.Pause(
        reason=BlockReason(breaker.reason),
        message=breaker.get_reason_display(),
        since=breaker.opened_at,
    )


def _end_of_hour(moment: datetime) -> datetime:
    """The moment itself where an hour begins with it."""
    start = start_of_hour(moment)
    if start == moment or start > LATEST:
        return moment
    return start + HOUR
