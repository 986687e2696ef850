"""GET jobs, GET jobs/{id}, and the two moves a client may ask for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import bodies, idempotency, openapi, pages, reading, shapes
from aijobs.api.endpoint import Endpoint
from aijobs.api.parameters import JobFilters
from aijobs.api.problems import Conflict
from aijobs.models import AIJob
from aijobs.pipeline import accept, withdraw
from citizenapp.tenants.models import Tenant


class JobList(Endpoint):
    """Results are with the single job, and in a collection's download."""

    @extend_schema(
        operation_id="list_jobs",
        summary="Jobs, newest first",
        tags=["jobs"],
        parameters=JobFilters.documented(),
        responses=openapi.responses({200: shapes.JobPage}, 400),
    )
    def get(self, request: Request) -> Response:
        wanted = JobFilters.read(request.query_params)
        found = pages.page(
            _filtered(self.access.tenant, wanted), request, wanted.cursor, wanted.page_size
        )
        page = shapes.JobPage(
            results=reading.job_summaries(found.rows), next=found.next, previous=found.previous
        )
        return Response(page.model_dump(mode="json"))


class JobDetail(Endpoint):
    """With its result once it is completed, and the attempts that failed."""

    @extend_schema(
        operation_id="get_job",
        summary="One job",
        tags=["jobs"],
        responses=openapi.responses({200: shapes.Job}, 404),
    )
    def get(self, request: Request, job_id: UUID) -> Response:  # noqa: ARG002
        return Response(_described(self.access.tenant, job_id, timezone.now()))


class JobCancellation(Endpoint):
    """Only while it waits: 409 once it is on its way to Claude, or over."""

    @extend_schema(
        operation_id="cancel_job",
        summary="Cancel a job",
        tags=["jobs"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.Job}, 400, 404, 409, 422),
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        now = timezone.now()
        job = reading.job_of(self.access.tenant, job_id)

        def cancel() -> dict[str, Any]:
            if not withdraw.cancel_job(job, now=now):
                still = reading.job_of(self.access.tenant, job_id)
                raise Conflict(withdraw.why_not_cancelable(reading.shown_status(still)))
            return _described(self.access.tenant, job_id, now)

        return idempotency.once(
            request, self.access.tenant, bodies.Body({}), cancel, now=now, status=200
        )


class JobRetry(Endpoint):
    """409 while it is on its way, and when it is completed."""

    @extend_schema(
        operation_id="retry_job",
        summary="Queue a failed or canceled job again",
        tags=["jobs"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.Job}, 400, 404, 409, 422),
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        now = timezone.now()
        job = reading.job_of(self.access.tenant, job_id)

        def queue_again() -> dict[str, Any]:
            if not accept.retry_job(job, now=now):
                status = reading.shown_status(job)
                raise Conflict(f"Only a failed or canceled job can be retried; this is {status}.")
            return _described(self.access.tenant, job_id, now)

        return idempotency.once(
            request, self.access.tenant, bodies.Body({}), queue_again, now=now, status=200
        )


def _described(tenant: Tenant, job_id: UUID, now: datetime) -> dict[str, Any]:
    return reading.job_detail(reading.job_of(tenant, job_id), now=now).model_dump(mode="json")


def _filtered(tenant: Tenant, wanted: JobFilters) -> "QuerySet[AIJob]":
    listed = AIJob.objects.listed(
        tenant, status=wanted.status or "", job_type=wanted.job_type or ""
    )
    jobs = reading.described(listed)
    if wanted.collection:
        jobs = jobs.filter(collection=wanted.collection)
    # The bound on the id makes it a range of an index; the moment makes it exact.
    if after := wanted.created_after:
        jobs = jobs.filter(pk__gte=pages.ids_of(after)[0], created_at__gte=after)
    if before := wanted.created_before:
        jobs = jobs.filter(pk__lt=pages.ids_of(before)[1], created_at__lt=before)
    return jobs
