"""client.webhooks: where you want to be told, and what became of telling it."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal

from citizenapp_client._async.transport import AsyncTransport
from citizenapp_client._calls import Id, Moment, at, cursor_of, delete, get, operation, patch, post
from citizenapp_client._wishes import WebhookEvent
from citizenapp_client.models import (
    Delivery,
    DeliveryDetail,
    DeliveryPage,
    DeliveryRow,
    Replayed,
    Webhook,
    WebhookList,
    WebhookRow,
    WebhookWithSecret,
)


class AsyncWebhooks:
    """Endpoints of your workspace. `citizenapp_client.webhooks` verifies what they receive."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @operation("list_webhooks")
    async def list(self) -> Sequence[WebhookRow]:
        """All of them."""
        return (await self._transport.ask(WebhookList, get("webhooks"))).results

    @operation("create_webhook")
    async def create(
        self,
        url: str,
        *,
        events: Sequence[WebhookEvent],
        description: str | None = None,
        includes_result: bool | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookWithSecret:
        """Be told of these events. Its secret is shown now, and never again."""
        body = {
            "url": url,
            "events": [*events],
            "description": description,
            "includes_result": includes_result,
        }
        call = post("webhooks", body, key=idempotency_key)
        return await self._transport.ask(WebhookWithSecret, call)

    @operation("get_webhook")
    async def get(self, webhook_id: Id) -> Webhook:
        """One of them."""
        return await self._transport.ask(Webhook, get(at("webhooks/{}", webhook_id)))

    @operation("change_webhook")
    async def change(
        self,
        webhook_id: Id,
        *,
        url: str | None = None,
        events: Sequence[WebhookEvent] | None = None,
        description: str | None = None,
        includes_result: bool | None = None,
        state: Literal["on", "off"] | None = None,
        idempotency_key: str | None = None,
    ) -> Webhook:
        """What is left out stays. `state` switches it on or off."""
        body = {
            "url": url,
            "events": events and [*events],
            "description": description,
            "includes_result": includes_result,
            "state": state,
        }
        call = patch(at("webhooks/{}", webhook_id), body, key=idempotency_key)
        return await self._transport.ask(Webhook, call)

    @operation("delete_webhook")
    async def delete(self, webhook_id: Id, *, idempotency_key: str | None = None) -> None:
        """What waits for it is not sent any more."""
        await self._transport.send(delete(at("webhooks/{}", webhook_id), key=idempotency_key))

    @operation("test_webhook")
    async def test(self, webhook_id: Id, *, idempotency_key: str | None = None) -> Delivery:
        """Send it an event that says nothing."""
        call = post(at("webhooks/{}/test", webhook_id), key=idempotency_key)
        return await self._transport.ask(Delivery, call)

    @operation("rotate_webhook")
    async def rotate(
        self, webhook_id: Id, *, idempotency_key: str | None = None
    ) -> WebhookWithSecret:
        """A new secret, shown now and never again. The one before signs as well for a while."""
        call = post(at("webhooks/{}/rotate", webhook_id), key=idempotency_key)
        return await self._transport.ask(WebhookWithSecret, call)

    @operation("replay_webhook")
    async def replay(
        self,
        webhook_id: Id,
        *,
        from_: Moment,
        to: Moment | None = None,
        idempotency_key: str | None = None,
    ) -> int:
        """Send again what happened in a span of time; says how many events that is."""
        body = {"from": from_, "to": to}
        call = post(at("webhooks/{}/replay", webhook_id), body, key=idempotency_key)
        return (await self._transport.ask(Replayed, call)).replayed

    @operation("list_deliveries")
    async def deliveries_page(
        self, webhook_id: Id, *, cursor: str | None = None, page_size: int | None = None
    ) -> DeliveryPage:
        """One page of its deliveries, newest first."""
        path = at("webhooks/{}/deliveries", webhook_id)
        call = get(path, cursor=cursor, page_size=page_size)
        return await self._transport.ask(DeliveryPage, call)

    async def deliveries(
        self, webhook_id: Id, *, page_size: int | None = 100
    ) -> AsyncGenerator[DeliveryRow]:
        """All of its deliveries, newest first."""
        cursor: str | None = None
        while True:
            page = await self.deliveries_page(webhook_id, cursor=cursor, page_size=page_size)
            for found in page.results:
                yield found
            cursor = cursor_of(page.next)
            if cursor is None:
                return

    @operation("get_delivery")
    async def delivery(self, webhook_id: Id, delivery_id: Id) -> DeliveryDetail:
        """One delivery, with its body."""
        call = get(at("webhooks/{}/deliveries/{}", webhook_id, delivery_id))
        return await self._transport.ask(DeliveryDetail, call)

    @operation("replay_delivery")
    async def replay_delivery(
        self, webhook_id: Id, delivery_id: Id, *, idempotency_key: str | None = None
    ) -> Delivery:
        """Send one event again."""
        path = at("webhooks/{}/deliveries/{}/replay", webhook_id, delivery_id)
        return await self._transport.ask(Delivery, post(path, key=idempotency_key))
