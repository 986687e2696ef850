"""Webhooks: where a tenant is told of what happens, and what became of telling it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel
from rest_framework.exceptions import PermissionDenied, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import bodies, idempotency, openapi, states, translate
from aijobs.api import webhook_shapes as shapes
from aijobs.api.bodies import Body
from aijobs.api.endpoint import Endpoint, is_there
from aijobs.api.idempotency import Answer
from aijobs.api.parameters import Paging, documented
from aijobs.api.problems import Conflict
from aijobs.models import Webhook, WebhookDelivery
from aijobs.reading.pages import Page
from aijobs.webhooks import endpoints
from citizenapp.tenants.audit import Action
from citizenapp.tenants.authentication import KeyHolder

OFF = "The webhook is switched off. Switch it on first."


class WebhookEndpoint(Endpoint):
    """What the addresses of webhooks have in common.

    An endpoint sends a tenant's data elsewhere, as a key fetches it: among people, owners and
    admins alone see and set one up, as they do with keys. Addresses often carry secrets, so that
    a key which only reads does not see them either.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        is_person = not isinstance(request.user, KeyHolder)
        if is_person and not self.access.can_administer:
            raise PermissionDenied("Only owners and admins of the workspace may do this.")
        if not self.access.can_write:
            raise PermissionDenied("A key that only reads does not see webhooks.")

    def webhook(self, webhook_id: UUID) -> Webhook:
        with is_there("webhook"):
            return Webhook.objects.of(self.access.tenant).get(pk=webhook_id)

    def delivery(self, webhook_id: UUID, delivery_id: UUID) -> WebhookDelivery:
        webhook = self.webhook(webhook_id)
        with is_there("delivery"):
            rows = WebhookDelivery.objects.select_related("event", "webhook")
            return rows.get(webhook=webhook, public_id=delivery_id)

    def json(self, request: Request) -> Body:
        """The object that was sent. Raises what `bodies.read` raises, also for a form."""
        body = bodies.read(request)
        if body.is_form:
            raise UnsupportedMediaType(bodies.FORM, f"Send {bodies.JSON}.")
        return body

    def once(
        self,
        request: Request,
        body: Body,
        answer: Callable[[datetime], BaseModel | None],
        status: int,
    ) -> Response:
        now = timezone.now()

        def told() -> Answer:
            found = answer(now)
            return Answer(found.model_dump(mode="json") if found else None, status)

        with _known_problems():
            return idempotency.once(request, self.access.tenant, body, told, now=now)


@contextmanager
def _known_problems() -> Iterator[None]:
    try:
        yield
    except endpoints.IsOff:
        raise Conflict(OFF) from None
    except endpoints.TooMany:
        most = Webhook.MOST_OF_A_TENANT
        raise Conflict(f"A workspace has at most {most} webhooks. Delete one first.") from None


class WebhookList(WebhookEndpoint):
    """GET and POST webhooks."""

    @extend_schema(
        operation_id="list_webhooks",
        summary="Webhooks, newest first",
        tags=["webhooks"],
        parameters=[openapi.IF_NONE_MATCH],
        responses=openapi.responses({200: shapes.WebhookList, 304: openapi.NOT_MODIFIED}),
    )
    def get(self, request: Request) -> HttpResponseBase:
        """All of them: there are few."""
        rows = Webhook.objects.of(self.access.tenant).order_by("-pk")
        found = shapes.WebhookList(results=[shapes.WebhookRow.of(row) for row in rows])
        return states.answer(request, found, None)

    @extend_schema(
        operation_id="create_webhook",
        summary="Be told of what happens",
        tags=["webhooks"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request={bodies.JSON: shapes.NewWebhook},
        responses=openapi.responses({201: shapes.WebhookWithSecret}, 400, 409, 413, 415, 422),
    )
    def post(self, request: Request) -> Response:
        """The answer has the secret with which bodies are signed: it is shown only once."""
        body = self.json(request)
        fields = endpoints.read(body.fields, is_new=True)

        def make(now: datetime) -> BaseModel:
            with transaction.atomic():
                webhook = endpoints.create(
                    *(self.access.tenant, fields),
                    root=request.build_absolute_uri("/"),
                    created_by=self.access.actor,
                    now=now,
                )
                self.tell(Action.WEBHOOK_MADE, str(webhook.pk), endpoints.in_audit(fields))
            return shapes.WebhookWithSecret.of(webhook, secret=webhook.secret)

        return self.once(request, body, make, 201)


class WebhookDetail(WebhookEndpoint):
    """GET, PATCH and DELETE webhooks/{webhook_id}."""

    @extend_schema(
        operation_id="get_webhook",
        summary="One webhook",
        tags=["webhooks"],
        responses=openapi.responses({200: shapes.Webhook}, 404),
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:  # noqa: ARG002
        """Without its secret."""
        return Response(shapes.Webhook.of(self.webhook(webhook_id)).model_dump(mode="json"))

    @extend_schema(
        operation_id="change_webhook",
        summary="Change a webhook, switch it on or off",
        tags=["webhooks"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request={bodies.JSON: shapes.WebhookChange},
        responses=openapi.responses({200: shapes.Webhook}, 400, 404, 409, 413, 415, 422),
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """What waits is sent once it is on. While one is off by hand, nothing is kept for it."""
        webhook = self.webhook(webhook_id)
        body = self.json(request)
        fields = endpoints.read(body.fields, is_new=False)

        def change(now: datetime) -> BaseModel:
            changed = endpoints.changes(webhook, fields)
            with transaction.atomic():
                endpoints.change(webhook, fields, now)
                if changed:
                    told = endpoints.in_audit(changed)
                    self.tell(Action.WEBHOOK_CHANGED, str(webhook_id), told)
            return shapes.Webhook.of(webhook)

        return self.once(request, body, change, 200)

    @extend_schema(
        operation_id="delete_webhook",
        summary="Delete a webhook",
        tags=["webhooks"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({204: None}, 400, 404, 409, 422),
    )
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """With its log, and with what waits for it."""

        def delete(_: datetime) -> None:
            webhook = self.webhook(webhook_id)
            with transaction.atomic():
                self.tell(Action.WEBHOOK_DELETED, str(webhook_id))
                endpoints.delete(webhook)

        return self.once(request, Body({}), delete, 204)


class WebhookTest(WebhookEndpoint):
    """POST webhooks/{webhook_id}/test."""

    @extend_schema(
        operation_id="test_webhook",
        summary="Send an event of type webhook.test",
        tags=["webhooks"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({202: shapes.Delivery}, 400, 404, 409, 422),
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """It goes out within seconds: ask for the delivery to see what came of it."""
        webhook = self.webhook(webhook_id)
        return self.once(
            request, Body({}), lambda now: shapes.Delivery.of(endpoints.test(webhook, now)), 202
        )


class WebhookRotation(WebhookEndpoint):
    """POST webhooks/{webhook_id}/rotate."""

    @extend_schema(
        operation_id="rotate_webhook",
        summary="Make a new secret",
        tags=["webhooks"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({200: shapes.WebhookWithSecret}, 400, 404, 422),
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """For 24 hours bodies are signed with both, so that either one verifies them."""
        webhook = self.webhook(webhook_id)

        def rotate(now: datetime) -> BaseModel:
            with transaction.atomic():
                endpoints.rotate(webhook, now)
                self.tell(Action.WEBHOOK_ROTATED, str(webhook_id))
            return shapes.WebhookWithSecret.of(webhook, secret=webhook.secret)

        return self.once(request, Body({}), rotate, 200)


class WebhookReplay(WebhookEndpoint):
    """POST webhooks/{webhook_id}/replay."""

    @extend_schema(
        operation_id="replay_webhook",
        summary="Send again what happened in a span of time",
        tags=["webhooks"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request={bodies.JSON: shapes.Span},
        responses=openapi.responses({202: shapes.Replayed}, 400, 404, 409, 413, 415, 422),
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Each event with the id that it had. Those that are on their way already go once."""
        webhook = self.webhook(webhook_id)
        body = self.json(request)
        since, until = endpoints.read_span(body.fields)

        def replay(now: datetime) -> shapes.Replayed:
            replayed = endpoints.replay_span(webhook, since, until or now, now)
            return shapes.Replayed(webhook_id=webhook.pk, replayed=replayed)

        return self.once(request, body, replay, 202)


class DeliveryList(WebhookEndpoint):
    """GET webhooks/{webhook_id}/deliveries."""

    @extend_schema(
        operation_id="list_deliveries",
        summary="What was sent to a webhook, newest first",
        tags=["webhooks"],
        parameters=[*documented(Paging), openapi.IF_NONE_MATCH],
        responses=openapi.responses(
            {200: shapes.DeliveryPage, 304: openapi.NOT_MODIFIED}, 400, 404
        ),
    )
    def get(self, request: Request, webhook_id: UUID) -> HttpResponseBase:
        """What waits as well, and what was given up."""
        wanted = Paging.read(request.query_params)
        webhook, size, at = self.webhook(webhook_id), wanted.page_size, wanted.position
        rows = endpoints.deliveries_of(webhook, size + 1, before=at.before, after=at.after)
        has_more = len(rows) > size
        shown = rows[-size:] if at.after else rows[:size]
        older = shown[-1].public_id if shown and (has_more or at.after) else None
        newer = shown[0].public_id if shown and (at.before or (at.after and has_more)) else None
        page = Page(shown, older, newer)
        found = shapes.DeliveryPage(
            results=[shapes.DeliveryRow.of(row) for row in shown],
            next=translate.next_page(request, page),
            previous=translate.previous_page(request, page),
        )
        return states.answer(request, found, None)


class DeliveryDetail(WebhookEndpoint):
    """GET webhooks/{webhook_id}/deliveries/{delivery_id}."""

    @extend_schema(
        operation_id="get_delivery",
        summary="One delivery with its body",
        tags=["webhooks"],
        responses=openapi.responses({200: shapes.DeliveryDetail}, 404),
    )
    def get(self, request: Request, webhook_id: UUID, delivery_id: UUID) -> Response:  # noqa: ARG002
        """The body is made when it is sent: jobs that were deleted since have their ids alone."""
        delivery = self.delivery(webhook_id, delivery_id)
        found = shapes.DeliveryDetail.of(delivery, body=endpoints.body(delivery))
        return Response(found.model_dump(mode="json"))


class DeliveryReplay(WebhookEndpoint):
    """POST webhooks/{webhook_id}/deliveries/{delivery_id}/replay."""

    @extend_schema(
        operation_id="replay_delivery",
        summary="Send an event again",
        tags=["webhooks"],
        parameters=[openapi.IDEMPOTENCY_KEY],
        request=None,
        responses=openapi.responses({202: shapes.Delivery}, 400, 404, 409, 422),
    )
    def post(self, request: Request, webhook_id: UUID, delivery_id: UUID) -> Response:
        """With the id that it had. One that still waits is tried now."""
        delivery = self.delivery(webhook_id, delivery_id)
        return self.once(
            request,
            Body({}),
            lambda now: shapes.Delivery.of(endpoints.replay(delivery, now)),
            202,
        )
