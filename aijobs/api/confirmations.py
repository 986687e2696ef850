"""GET quotes/{id}, and POST quotes/{id}/confirm: it is not sent again."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import jobtypes
from aijobs.api import bodies, collections, idempotency, openapi, quotes, shapes
from aijobs.api.endpoint import Endpoint
from aijobs.api.idempotency import Answer
from aijobs.api.job_queues import queue_of
from aijobs.api.problems import Conflict
from aijobs.api.quote_shapes import Quote as Quoted
from aijobs.quotes import stored


class FormQuote(Exception):
    """It holds the fields of a form, and no body of this API."""


MISSING = "There is no quote with this id."


class QuoteDetail(Endpoint):
    """GET quotes/{quote_id}."""

    @extend_schema(
        operation_id="get_quote",
        summary="One quote",
        tags=["quotes"],
        responses=openapi.responses({200: Quoted}, 404),
    )
    def get(self, request: Request, quote_id: UUID) -> Response:  # noqa: ARG002
        """With what became of it, and what that cost once all its jobs were over."""
        try:
            quote = stored.quote_of(self.access.tenant, quote_id)
        except stored.UnknownQuote:
            raise NotFound(MISSING) from None
        return Response(quotes.described(quote).model_dump(mode="json"))


class QuoteConfirmation(Endpoint):
    """POST quotes/{quote_id}/confirm."""

    @extend_schema(
        operation_id="confirm_quote",
        summary="Queue what was quoted",
        tags=["quotes"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({202: shapes.Confirmed}, 400, 402, 404, 409, 422),
    )
    def post(self, request: Request, quote_id: UUID) -> Response:
        """Answers what queueing it would have; whoever repeats it gets the same answer again.

        409 once the quote has expired: its documents are deleted then.
        """
        now = timezone.now()
        with suppress(stored.UnknownQuote):
            self.must_be_in_scope([stored.quote_of(self.access.tenant, quote_id).job_type])
        return idempotency.once(
            request,
            self.access.tenant,
            bodies.Body({}),
            lambda: Answer(self._confirmed(quote_id, now), 202, quote_id),
            now=now,
        )

    def _confirmed(self, quote_id: UUID, now: Any) -> dict[str, Any]:
        try:
            with stored.confirming(self.access.tenant, quote_id, now=now) as confirmation:
                return self._queued(confirmation, now)
        except stored.UnknownQuote:
            raise NotFound(MISSING) from None
        except FormQuote:
            raise Conflict("The quote was made in a form of the pages. Queue it there.") from None
        except stored.ExpiredQuote:
            raise Conflict("The quote has expired. Ask for a new one.") from None

    def _queued(self, confirmation: stored.Confirmation, now: Any) -> dict[str, Any]:
        quote = confirmation.quote
        if quote.target in stored.FORMS:
            raise FormQuote
        return self._queue(confirmation, now) if quote.queued is None else quote.queued

    def _queue(self, confirmation: stored.Confirmation, now: Any) -> dict[str, Any]:
        asked = confirmation.request()
        body = quotes.body_of(asked)
        if asked.target == stored.COLLECTION:
            queued = collections.queue(self.access, body, now=now)
        else:
            queued = queue_of(jobtypes.get(asked.target)).queue(self.access, body, now=now)
        confirmation.done(
            queued, job_id=queued.get("job_id"), collection_id=queued.get("collection_id")
        )
        return queued
