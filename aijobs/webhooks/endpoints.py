"""The rules for those who set endpoints up: what is taken, rotated, tested and sent again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.dateparse import parse_datetime

from aijobs.jobtypes import InvalidInput
from aijobs.jobtypes.text import utf8
from aijobs.models import (
    TEST_EVENT,
    EventType,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    new_id,
)
from aijobs.webhooks import signatures
from aijobs.webhooks.addresses import Allowed, problem_of
from aijobs.webhooks.bodies import body_of
from citizenapp.tenants.models import Tenant

# While receivers change over, bodies are signed with both secrets.
OVERLAP = timedelta(hours=24)
MAX_DESCRIPTION = 200
FIELDS = ("url", "description", "events", "includes_result")
# A wish for something else than it was, and what it may be.
STATES = ("on", "off")

# All that was told in a span, once each, unless it is on its way already.
REPLAY = """
INSERT INTO aijobs_webhookdelivery (webhook_id, event_id, next_at, created_at)
SELECT %(webhook)s, event.id, %(now)s, %(now)s FROM aijobs_webhookevent AS event
WHERE event.id IN (
        SELECT event_id FROM aijobs_webhookdelivery WHERE webhook_id = %(webhook)s)
  AND event.id NOT IN (
        SELECT event_id FROM aijobs_webhookdelivery
        WHERE webhook_id = %(webhook)s AND status = 'pending')
  AND event.happened_at >= %(since)s AND event.happened_at < %(until)s
  AND event.type <> %(test)s
ORDER BY event.happened_at, (
    SELECT min(id) FROM aijobs_webhookdelivery
    WHERE webhook_id = %(webhook)s AND event_id = event.id)
"""


class TooMany(Exception):
    """The tenant has as many endpoints as it may have."""


class IsOff(Exception):
    """Nothing is sent to an endpoint that is switched off."""


def allowed() -> Allowed:
    """What the operator allows besides public addresses."""
    return Allowed.read(settings.AIJOBS_WEBHOOK_ALLOW)


def read(raw: Mapping[str, object], *, is_new: bool) -> dict[str, Any]:
    """The fields of an endpoint that were sent, checked. Raises InvalidInput, which names them."""
    known = FIELDS if is_new else (*FIELDS, "state")
    if not is_new:  # What is null stays as it is, like what is left out.
        raw = {name: value for name, value in raw.items() if value is not None}
    errors = {str(name)[:100]: ["There is no such field."] for name in raw if name not in known}
    if is_new:
        missing = [name for name in ("url", "events") if name not in raw]
        errors |= {name: ["This field is required."] for name in missing}
    for name in known:
        if name in raw and (problem := _problem_of(name, raw[name])):
            errors[name] = [problem]
    if errors:
        raise InvalidInput(errors)
    return dict(raw)


def _problem_of(  # noqa: PLR0911 - one for each field
    name: str, value: Any
) -> str:
    match name:
        case "url":
            return problem_of(value, allowed()) if isinstance(value, str) else "Must be a URL."
        case "description":
            if not isinstance(value, str) or "\0" in value or value != utf8(value):
                return "Must be a text."
            is_long = len(value) > MAX_DESCRIPTION
            return f"Must have at most {MAX_DESCRIPTION} characters." if is_long else ""
        case "events":
            is_list = isinstance(value, list) and value and len(value) <= len(EventType.values)
            if not is_list or not all(one in EventType.values for one in value):
                return f"Must be one or several of {', '.join(EventType.values)}."
            return "" if len({*value}) == len(value) else "Must name each once."
        case "includes_result":
            return "" if isinstance(value, bool) else "Must be true or false."
        case _:
            return "" if value in STATES else f"Must be one of {', '.join(STATES)}."


def read_span(raw: Mapping[str, object]) -> tuple[datetime, datetime | None]:
    """`from` and `to`, which may be absent. Raises InvalidInput."""
    errors = {
        str(name)[:100]: ["There is no such field."] for name in raw if name not in ("from", "to")
    }
    since, until = (_moment(raw.get(name)) for name in ("from", "to"))
    if since is None:
        errors["from"] = ["Must be a moment with its time zone, such as 2026-11-02T09:00:00Z."]
    if until is None and raw.get("to") is not None:
        errors["to"] = ["Must be a moment with its time zone, such as 2026-11-02T09:00:00Z."]
    if since and until and since > until:
        errors["from"] = ["Must not be after `to`."]
    if errors or since is None:
        raise InvalidInput(errors)
    return since, until


def _moment(value: object) -> datetime | None:
    moment: datetime | None = None
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except OverflowError:
        # At the ends of time, where a day more or less is all the same.
        return moment.replace(tzinfo=UTC) if moment else None
    except ValueError:
        return None


@transaction.atomic
def create(
    tenant: Tenant, fields: Mapping[str, Any], *, root: str, created_by: str, now: datetime
) -> Webhook:
    """An endpoint of what `read` returned; its secret is shown now, and never again.

    `root`: what links begin with. Raises TooMany.
    """
    # One at a time, so that none is one too many.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    if Webhook.objects.of(tenant).count() >= Webhook.MOST_OF_A_TENANT:
        raise TooMany
    return Webhook.objects.create(
        **{name: fields[name] for name in FIELDS if name in fields},
        id=new_id(now),
        tenant=tenant,
        root=root,
        secret=signatures.new_secret(),
        next_at=now,
        created_at=now,
        created_by=created_by,
    )


@transaction.atomic
def change(webhook: Webhook, fields: Mapping[str, Any], now: datetime) -> None:
    """Change what `read` returned; switch it on or off where `state` says so."""
    changed = {name: fields[name] for name in FIELDS if name in fields}
    if "url" in changed and changed["url"] != webhook.url:
        # Another address need not pay for what the last one did, nor for what it answers now.
        changed |= {"failures": 0, "failing_since": None, "last_error": "", "next_at": now}
        changed |= {"leased_until": None}
    if changed:
        Webhook.objects.filter(pk=webhook.pk).update(**changed)
    match fields.get("state"):
        case "on":
            if webhook.mark_on(now):
                webhook.deliveries.filter(status="pending").update(next_at=now)
        case "off":
            webhook.mark_off()
    webhook.refresh_from_db()


def changes(webhook: Webhook, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the fields that would change something."""
    return {name: value for name, value in fields.items() if value != getattr(webhook, name)}


def in_audit(fields: Mapping[str, Any]) -> dict[str, str]:
    """Fields as the audit tells of them: of an address, which may hold secrets, only the host."""
    told = {"state": fields["state"]} if fields.get("state") else {}
    if "url" in fields:
        told["host"] = urlsplit(fields["url"]).hostname or ""
    if "events" in fields:
        told["events"] = ", ".join(fields["events"])
    if "includes_result" in fields:
        told["with results"] = "yes" if fields["includes_result"] else "no"
    if "description" in fields:
        told["description"] = fields["description"]
    return told


@transaction.atomic
def delete(webhook: Webhook) -> None:
    """Delete it with its log, and with what waits for it.

    It is locked before its deliveries, as by those who send: whoever stores one is waited for.
    """
    Webhook.objects.select_for_update().filter(pk=webhook.pk).first()
    webhook.delete()


def rotate(webhook: Webhook, now: datetime) -> None:
    """A new secret; the old one signs as well for OVERLAP, and one before that no more."""
    fields = {
        "secret": signatures.new_secret(),
        "previous_secret": webhook.secret,
        "previous_until": now + OVERLAP,
    }
    Webhook.objects.filter(pk=webhook.pk, secret=webhook.secret).update(**fields)
    webhook.refresh_from_db()


@transaction.atomic
def test(webhook: Webhook, now: datetime) -> WebhookDelivery:
    """Send an event that says nothing, on the road that all others take. Raises IsOff."""
    _hurry(webhook, now)
    event = WebhookEvent.objects.create(
        tenant_id=webhook.tenant_id, type=TEST_EVENT, subjects=[], happened_at=now
    )
    return _deliver(webhook, event, now)


@transaction.atomic
def replay(delivery: WebhookDelivery, now: datetime) -> WebhookDelivery:
    """Send its event again, with the same id; where it still waits, try it now. Raises IsOff."""
    _hurry(delivery.webhook, now)
    waiting = WebhookDelivery.objects.filter(
        webhook=delivery.webhook_id, event=delivery.event_id, status="pending"
    )
    if waiting.update(next_at=now):
        return waiting.select_related("event").latest("pk")
    return _deliver(delivery.webhook, delivery.event, now)


@transaction.atomic
def replay_span(webhook: Webhook, since: datetime, until: datetime, now: datetime) -> int:
    """Send again all that was told from `since` on, before `until`; returns how many events.

    Raises IsOff.
    """
    _hurry(webhook, now)
    with connection.cursor() as cursor:
        cursor.execute(
            REPLAY,
            {
                "webhook": webhook.pk,
                "now": now,
                "since": since,
                "until": until,
                "test": TEST_EVENT,
            },
        )
        return int(cursor.rowcount)


def deliveries_of(
    webhook: Webhook, size: int, *, before: UUID | None = None, after: UUID | None = None
) -> list[WebhookDelivery]:
    """Its log, newest first: so many that are older than `before`, or that follow `after`."""
    rows = webhook.deliveries.select_related("event")
    edges = [one for one in (before, after) if one]
    edge = WebhookDelivery.objects.filter(webhook=webhook, public_id__in=edges)
    if after is not None:
        return list(rows.filter(pk__gt=edge.values("pk")[:1]).order_by("pk")[:size])[::-1]
    if before is not None:
        rows = rows.filter(pk__lt=edge.values("pk")[:1])
    return list(rows.order_by("-pk")[:size])


def body(delivery: WebhookDelivery) -> dict[str, Any]:
    """What would be sent now, as JSON is read."""
    event = delivery.event
    sent: dict[str, Any] = json.loads(
        body_of(
            *(event.type, event.subjects, event.data, event.happened_at),
            root=delivery.webhook.root,
            includes_result=delivery.webhook.includes_result,
        )
    )
    return sent


def _hurry(webhook: Webhook, now: datetime) -> None:
    """Somebody waits for it: the pause after failures is over."""
    found = Webhook.objects.filter(pk=webhook.pk, state=Webhook.State.ON)
    if not found.update(next_at=now):
        raise IsOff


def _deliver(webhook: Webhook, event: WebhookEvent, now: datetime) -> WebhookDelivery:
    delivery = WebhookDelivery.objects.create(
        webhook=webhook, event=event, next_at=now, created_at=now
    )
    delivery.refresh_from_db()
    return delivery
