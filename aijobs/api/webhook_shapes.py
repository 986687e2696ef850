"""What the API takes and answers about webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, WithJsonSchema

from aijobs.api.shapes import Shape
from aijobs.models import EventType, WebhookDelivery
from aijobs.models import Webhook as Row
from aijobs.webhooks.addresses import LONGEST_URL
from aijobs.webhooks.endpoints import MAX_DESCRIPTION

State = Literal["on", "off", "failed"]
DeliveryStatus = Literal["pending", "delivered", "failed"]

_EVENT: dict[str, Any] = {"type": "string", "enum": EventType.values}
Events = Annotated[list[str], WithJsonSchema({"type": "array", "items": _EVENT})]
WantedEvents = Annotated[
    list[str],
    WithJsonSchema({"type": "array", "items": _EVENT, "minItems": 1, "uniqueItems": True}),
]
Url = Annotated[
    str, Field(json_schema_extra={"format": "uri", "minLength": 1, "maxLength": LONGEST_URL})
]
Description = Annotated[
    str,
    Field(json_schema_extra={"maxLength": MAX_DESCRIPTION, "not": {"pattern": r"\u0000"}}),
]


class NewWebhook(Shape):
    """What an endpoint is made of."""

    url: Url = Field(description="http or https; no private or reserved address.")
    events: WantedEvents
    description: Description = ""
    includes_result: bool = Field(
        False, description="Whether bodies carry the results of completed jobs."
    )


class WebhookChange(Shape):
    """What may change; what is left out stays."""

    url: Url | None = None
    events: WantedEvents | None = None
    description: Description | None = None
    includes_result: bool | None = None
    state: Literal["on", "off"] | None = None


class WebhookRow(Shape):
    webhook_id: UUID
    url: str
    description: str
    events: Events
    includes_result: bool
    state: State = Field(
        description="`failed`: switched off, because nothing got through for a day. What happens is"
        " kept, and sent when it is switched on again."
    )
    failing_since: datetime | None = Field(description="Null where the last delivery got through.")
    last_error: str
    previous_secret_until: datetime | None = Field(
        description="Until then, bodies are signed with the secret before as well."
    )
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, row: Row, **more: Any) -> Self:
        return cls(
            webhook_id=row.pk,
            url=row.url,
            description=row.description,
            events=row.events,
            includes_result=row.includes_result,
            state=row.state,
            failing_since=row.failing_since,
            last_error=row.last_error,
            previous_secret_until=row.previous_until,
            created_at=row.created_at,
            created_by=row.created_by,
            **more,
        )


class Webhook(WebhookRow):
    """One endpoint."""


class WebhookWithSecret(Webhook):
    secret: str = Field(description="Shown now, and never again.")


class WebhookList(Shape):
    results: list[WebhookRow]


class DeliveryRow(Shape):
    delivery_id: UUID
    event_id: str = Field(description="The `webhook-id` that it is sent with.")
    type: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    tried_at: datetime | None
    next_at: datetime | None = Field(description="When it is tried next; null once it is over.")
    http_status: int | None = Field(description="What the endpoint answered last.")
    error: str

    @classmethod
    def of(cls, row: WebhookDelivery, **more: Any) -> Self:
        return cls(
            delivery_id=row.public_id,
            event_id=row.event.message_id,
            type=row.event.type,
            status=row.status,
            attempts=row.attempts,
            created_at=row.created_at,
            tried_at=row.tried_at,
            next_at=row.next_at if row.status == WebhookDelivery.Status.PENDING else None,
            http_status=row.http_status,
            error=row.error,
            **more,
        )


class Delivery(DeliveryRow):
    """One delivery."""


class DeliveryDetail(DeliveryRow):
    body: dict[str, Any] = Field(description="As it would be sent now.")


class DeliveryPage(Shape):
    results: list[DeliveryRow]
    next: str | None
    previous: str | None


class Span(Shape):
    """Which events: those that happened from `from` on, and before `to`."""

    model_config = ConfigDict(populate_by_name=True)

    since: datetime = Field(alias="from")
    until: datetime | None = Field(None, alias="to", description="Default: now.")


class Replayed(Shape):
    webhook_id: UUID
    replayed: int = Field(description="Events that are sent again.")
