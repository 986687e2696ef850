"""GET jobs, GET jobs/{id}, and the two moves a client may ask for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import bodies, idempotency, openapi, shapes, states, translate
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.erasing import ErasableJob
from aijobs.api.parameters import Cancel, documented
from aijobs.api.problems import Conflict
from aijobs.api.selections import JobListing, JobRead
from aijobs.live.lookout import Kind, Subject
from aijobs.models import AIJob
from aijobs.pipeline import accept, withdraw
from aijobs.reading import jobs
from aijobs.reading.status import shown_status
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant

WATCHED = Kind(jobs.states)


class JobList(Endpoint):
    """GET jobs."""

    @extend_schema(
        operation_id="list_jobs",
        summary="Jobs, newest first",
        tags=["jobs"],
        parameters=[*documented(JobListing), openapi.IF_NONE_MATCH],
        responses=openapi.responses({200: shapes.JobPage, 304: openapi.NOT_MODIFIED}, 400),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """At most `page_size` of them, without their results.

        A result is with the single job, and in a collection's download.
        """
        wanted = JobListing.read(request.query_params)
        found = jobs.page(self.access.tenant, wanted.only, wanted.position, size=wanted.page_size)
        return states.answer(request, translate.job_page(request, found), wanted.fields)


class JobDetail(ErasableJob):
    """GET and DELETE jobs/{job_id}."""

    @extend_schema(
        operation_id="get_job",
        summary="One job",
        tags=["jobs"],
        parameters=[*documented(JobRead), openapi.IF_NONE_MATCH],
        responses=openapi.responses({200: shapes.Job, 304: openapi.NOT_MODIFIED}, 400, 404),
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """With its result once it is completed, the attempts that failed, and its cost in USD.

        The ETag is that of the state: without `eta`, `eta_from`, `late_reason` and `route_reason`,
        which change by the clock alone.
        """
        wanted, tenant = JobRead.read(request.query_params), self.access.tenant
        with is_there("job"):
            found = jobs.detail(tenant, job_id, now=timezone.now())
        is_over = found.job.status in AIJob.FINAL
        return states.answer(
            request,
            translate.job(found),
            wanted.fields,
            seconds=wanted.wait,
            subject=None if is_over else Subject(WATCHED, tenant.pk, job_id),
            state=jobs.state_of(found.job),
        )


class JobCancellation(Endpoint):
    """POST jobs/{job_id}/cancel."""

    tells_what_is_known = True

    @extend_schema(
        operation_id="cancel_job",
        summary="Cancel a job",
        tags=["jobs"],
        parameters=[*documented(Cancel), openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.Job, 204: openapi.DONE}, 400, 404, 409, 422),
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """While it waits, it ends at once and costs nothing. 409 once it is over.

        On its way to Claude, it can only be left to go on, its answer dropped: `answers=drop`.
        Without that, 409.
        """
        now = timezone.now()
        wanted = Cancel.read(request.query_params)
        job = _job_of(self.access.tenant, job_id)

        def cancel() -> dict[str, Any]:
            with transaction.atomic():
                if wanted.drops:
                    withdrawn = withdraw.withdraw_job(job, now=now)
                else:
                    withdrawn = withdraw.Withdrawn(int(withdraw.cancel_job(job, now=now)), 0)
                if not (withdrawn.canceled or withdrawn.dropped):
                    still = _job_of(self.access.tenant, job_id)
                    raise Conflict(withdraw.why_not_cancelable(shown_status(still), still))
                dropped = {"answers dropped": 1} if withdrawn.dropped else {}
                self.tell(Action.CANCELED, f"job {job_id}", dropped)
            return _described(self.access.tenant, job_id, now)

        return idempotency.once(
            request, self.access.tenant, bodies.Body({}), cancel, now=now, status=200, about=job_id
        )


class JobRetry(Endpoint):
    """POST jobs/{job_id}/retry."""

    tells_what_is_known = True

    @extend_schema(
        operation_id="retry_job",
        summary="Queue a failed or canceled job again",
        tags=["jobs"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.Job, 204: openapi.DONE}, 400, 402, 404, 409, 422),
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """409 while it is on its way, and when it is completed."""
        now = timezone.now()
        job = _job_of(self.access.tenant, job_id)
        self.must_be_in_scope([job.job_type])

        def queue_again() -> dict[str, Any]:
            with transaction.atomic():
                if not accept.retry_job(job, now=now):
                    status = shown_status(job)
                    raise Conflict(accept.why_not_retriable(status))
                self.tell(Action.RETRIED, f"job {job_id}")
            return _described(self.access.tenant, job_id, now)

        return idempotency.once(
            request,
            self.access.tenant,
            bodies.Body({}),
            queue_again,
            now=now,
            status=200,
            about=job_id,
        )


def _job_of(tenant: Tenant, job_id: UUID) -> AIJob:
    with is_there("job"):
        return jobs.job_of(tenant, job_id)


def _described(tenant: Tenant, job_id: UUID, now: datetime) -> dict[str, Any]:
    with is_there("job"):
        found = jobs.detail(tenant, job_id, now=now)
    return translate.job(found).model_dump(mode="json")
