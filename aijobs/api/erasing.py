"""DELETE jobs/{job_id} and DELETE collections/{collection_id}: erased, with all that belongs."""

from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import bodies, idempotency, openapi
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.idempotency import Answer
from aijobs.api.operation_shapes import Operation
from aijobs.models import Operation as Row
from aijobs.pipeline import erase
from aijobs.reading import collections, jobs
from citizenapp.tenants.audit import Action

RESPONSES = openapi.responses({202: Operation, 204: None}, 400, 404, 409, 422)


class Erasable(Endpoint):
    """An address whose thing can be erased."""

    def _erased(self, request: Request, ask: Callable[[], Row | None]) -> Response:
        """204 once it is gone, or 202 with the operation that erases it."""

        def answer() -> Answer:
            operation = ask()
            if operation is None:
                return Answer(None, 204)
            return Answer(Operation.of(operation).model_dump(mode="json"), 202)

        return idempotency.once(
            request, self.access.tenant, bodies.Body({}), answer, now=timezone.now()
        )


class ErasableJob(Erasable):
    @extend_schema(
        operation_id="erase_job",
        summary="Erase a job: its documents, its result, all but what it cost",
        tags=["jobs"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=RESPONSES,
    )
    def delete(self, request: Request, job_id: UUID) -> Response:
        """It is shown no more from now on. While it waits, it is canceled first.

        202 where it is on its way to Claude: it is erased as soon as it has ended, and its answer
        is not stored. Anthropic's copy is deleted once its batch is settled.
        """
        access, now = self.access, timezone.now()

        def ask() -> Row | None:
            with is_there("job"):
                job = jobs.job_of(access.tenant, job_id)
            with transaction.atomic():
                self.tell(Action.ERASED, f"job {job_id}")
                return erase.erase_job(job, by=access.actor, now=now)

        return self._erased(request, ask)


class ErasableCollection(Erasable):
    @extend_schema(
        operation_id="erase_collection",
        summary="Erase a collection: its documents, its results, all but what it cost",
        tags=["collections"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=RESPONSES,
    )
    def delete(self, request: Request, collection_id: UUID) -> Response:
        """It is shown no more from now on, nor are its jobs. Those that wait are canceled first.

        202 where it is large, or jobs are on their way to Claude: these are erased as soon as they
        have ended, and their answers are not stored. Anthropic's copies are deleted once their
        batches are settled.
        """
        access, now = self.access, timezone.now()

        def ask() -> Row | None:
            with is_there("collection"):
                collection = collections.collection_of(access.tenant, collection_id)
            with transaction.atomic():
                self.tell(Action.ERASED, f"collection {collection_id}")
                return erase.erase_collection(collection, by=access.actor, now=now)

        return self._erased(request, ask)
