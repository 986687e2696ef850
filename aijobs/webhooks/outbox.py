"""Whose turn it is to be told, and what came of it.

An endpoint is leased with all that waits for it, and gets a few letters side by side. Of two about
the same job or collection, the later one waits until the earlier one is delivered or given up; all
others pass it, so that one body that a receiver cannot digest holds up nothing else. While nothing
gets through to an endpoint, one letter is tried, after ever longer pauses, and all others wait.
"""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from aijobs.models import Webhook, WebhookEvent
from aijobs.webhooks import signatures
from aijobs.webhooks.bodies import body_of
from aijobs.webhooks.sender import TOTAL_SECONDS, Letter, Round

# After the first failure, the second, and so on; a day and a little in sum.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=8),
    timedelta(hours=8, minutes=24),
)
# An endpoint to which nothing got through for so long is switched off.
PATIENCE = timedelta(days=1)
# Longer than a round lasts: looking up a name, connecting, the answer, storing it.
LEASE = timedelta(seconds=3 * TOTAL_SECONDS)
# Letters to one endpoint side by side.
AT_ONCE = 5
# Where all that is due waits for something else, it is looked at again after so long.
BLOCKED = timedelta(seconds=30)
GONE = 410

# What belongs to a tenant that is not served leaves no more: it waits.
_DUE = """
state = 'on' AND next_at <= %(now)s AND (leased_until IS NULL OR leased_until <= %(now)s)
AND EXISTS (SELECT FROM tenants_tenant AS tenant
            WHERE tenant.id = webhook.tenant_id AND tenant.is_active)
AND EXISTS (
    SELECT FROM aijobs_webhookdelivery AS delivery
    WHERE delivery.webhook_id = webhook.id AND delivery.status = 'pending'
      AND delivery.next_at <= %(now)s)
"""
IS_DUE = f"""
SELECT EXISTS (SELECT FROM aijobs_collectiontocheck)
    OR EXISTS (SELECT FROM aijobs_webhook AS webhook WHERE {_DUE})
"""
# Those to which something got through last time come first; who was served goes to the end.
LEASE_SOME = f"""
WITH due AS (
    SELECT id FROM aijobs_webhook AS webhook WHERE {_DUE} AND (failures = 0 OR %(all)s)
    ORDER BY failures > 0, next_at, id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE aijobs_webhook AS webhook SET leased_until = %(until)s
FROM due WHERE webhook.id = due.id RETURNING webhook.id
"""
PICK = """
SELECT webhook.id, picked.* FROM aijobs_webhook AS webhook, LATERAL (
    SELECT delivery.id, event.id AS event_id, event.type, event.subjects, event.data::text,
           event.happened_at
    FROM aijobs_webhookdelivery AS delivery
    JOIN aijobs_webhookevent AS event ON event.id = delivery.event_id
    WHERE delivery.webhook_id = webhook.id AND delivery.status = 'pending'
      AND delivery.next_at <= %(now)s
      AND NOT EXISTS (
          SELECT FROM aijobs_webhookdelivery AS before
          JOIN aijobs_webhookevent AS earlier ON earlier.id = before.event_id
          WHERE before.webhook_id = webhook.id AND before.status = 'pending'
            AND before.id < delivery.id AND earlier.subjects && event.subjects)
    ORDER BY delivery.attempts, delivery.id
    LIMIT CASE WHEN webhook.failures = 0 THEN %(at_once)s ELSE 1 END
) AS picked
WHERE webhook.id = ANY(%(ids)s)
"""
PUT_OFF = """
UPDATE aijobs_webhookdelivery SET next_at = %(later)s
WHERE webhook_id = ANY(%(ids)s) AND status = 'pending' AND next_at <= %(now)s
"""
# The attempt after the last pause is the last one.
STORE_ANSWERS = """
UPDATE aijobs_webhookdelivery AS delivery SET
    status = CASE WHEN answer.error = '' THEN 'delivered'
                  WHEN attempts >= cardinality(%(pauses)s::interval[]) THEN 'failed'
                  ELSE 'pending' END,
    attempts = LEAST(attempts + 1, 1000), tried_at = %(now)s,
    http_status = answer.http_status, error = answer.error,
    next_at = CASE WHEN answer.error = '' THEN next_at ELSE %(now)s + answer.jitter
        * (%(pauses)s::interval[])[LEAST(attempts + 1, cardinality(%(pauses)s::interval[]))] END
FROM unnest(%(ids)s::bigint[], %(statuses)s::int[], %(errors)s::text[], %(jitters)s::float[])
    AS answer (id, http_status, error, jitter)
WHERE delivery.id = answer.id AND delivery.status = 'pending'
"""
# It can be leased anew: at once, or, where nothing got through, after a pause. Where that was so
# for a day, or where it says that it is gone, it is switched off.
RELEASE = """
UPDATE aijobs_webhook AS webhook SET
    leased_until = NULL,
    state = CASE WHEN state = 'on' AND (round.is_gone
                     OR NOT round.is_good AND %(now)s - failing_since >= %(patience)s)
                 THEN 'failed' ELSE state END,
    next_at = CASE WHEN round.is_good THEN %(now)s ELSE %(now)s + round.jitter
        * (%(pauses)s::interval[])[LEAST(failures + 1, cardinality(%(pauses)s::interval[]))] END,
    failures = CASE WHEN round.is_good THEN 0 ELSE LEAST(failures + 1, 1000) END,
    failing_since = CASE WHEN round.is_good THEN NULL ELSE COALESCE(failing_since, %(now)s) END,
    last_error = CASE WHEN round.is_good THEN '' ELSE round.error END
FROM unnest(%(ids)s::uuid[], %(leases)s::timestamptz[], %(goods)s::boolean[], %(gones)s::boolean[],
            %(errors)s::text[], %(jitters)s::float[])
    AS round (id, lease, is_good, is_gone, error, jitter)
WHERE webhook.id = round.id AND webhook.leased_until = round.lease
"""
PRUNE = """
WITH old AS (
    SELECT id FROM aijobs_webhookevent WHERE happened_at < %s ORDER BY happened_at LIMIT 1000
), gone AS (
    DELETE FROM aijobs_webhookdelivery AS delivery USING old WHERE delivery.event_id = old.id
)
DELETE FROM aijobs_webhookevent AS event USING old WHERE event.id = old.id
"""
MOST_PIECES = 20


class Picked(NamedTuple):
    """A delivery whose turn it is, and its event."""

    delivery: int
    event: UUID
    kind: str
    subjects: list[UUID]
    data: str
    happened_at: datetime


def is_due(now: datetime) -> bool:
    """Whether an endpoint waits for something, or a collection for a look."""
    with connection.cursor() as cursor:
        cursor.execute(IS_DUE, {"now": now})
        return bool(cursor.fetchone()[0])


@transaction.atomic
def claim(most: int, now: datetime, *, with_failing: bool = True) -> list[Round]:
    """Lease at most so many endpoints, and write the letters that are sent to each next.

    `with_failing`: also such to which nothing got through last time.
    """
    until = now + LEASE
    with connection.cursor() as cursor:
        cursor.execute(LEASE_SOME, {"now": now, "until": until, "most": most, "all": with_failing})
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return []
        cursor.execute(PICK, {"now": now, "ids": ids, "at_once": AT_ONCE})
        picked: dict[UUID, list[Picked]] = defaultdict(list)
        for webhook_id, *rest in cursor.fetchall():
            picked[webhook_id].append(Picked(*rest))
        if blocked := [one for one in ids if one not in picked]:
            cursor.execute(PUT_OFF, {"later": now + BLOCKED, "ids": blocked, "now": now})
            Webhook.objects.filter(pk__in=blocked, leased_until=until).update(leased_until=None)
    webhooks = Webhook.objects.in_bulk(list(picked))
    return [
        Round(one, until, [_letter(webhooks[one], each, now) for each in of_it])
        for one, of_it in picked.items()
    ]


def _letter(webhook: Webhook, picked: Picked, now: datetime) -> Letter:
    body = body_of(
        *(picked.kind, picked.subjects, json.loads(picked.data), picked.happened_at),
        root=webhook.root,
        includes_result=webhook.includes_result,
    )
    signed = signatures.headers(
        WebhookEvent(pk=picked.event).message_id, body, webhook.secrets_at(now), now
    )
    return Letter(picked.delivery, webhook.url, signed, body)


@transaction.atomic
def store(rounds: Sequence[Round], now: datetime) -> int:
    """Store how rounds ended; returns how many of their letters got through.

    What was deleted with its endpoint, or delivered by another worker, stays as it is; and an
    endpoint that somebody else has leased since, since this took too long, is left to them.
    """
    answers: list[tuple[Any, ...]] = [
        (letter.delivery, answer.http_status, answer.error, _jitter())
        for one in rounds
        for letter, answer in zip(one.letters, one.answers, strict=True)
    ]
    # Ordered, so that no two workers wait for each other.
    ended: list[tuple[Any, ...]] = sorted(
        (
            one.webhook,
            one.lease,
            any(answer.is_good for answer in one.answers),
            any(answer.http_status == GONE for answer in one.answers),
            next((answer.error for answer in one.answers if answer.error), ""),
            _jitter(),
        )
        for one in rounds
    )
    shared: dict[str, Any] = {"pauses": list(PAUSES), "now": now, "patience": PATIENCE}
    with connection.cursor() as cursor:
        for statement, names, rows in (
            # An endpoint before its deliveries, as whoever asks for one again locks them.
            (RELEASE, ("ids", "leases", "goods", "gones", "errors", "jitters"), ended),
            (STORE_ANSWERS, ("ids", "statuses", "errors", "jitters"), answers),
        ):
            columns = map(list, zip(*rows, strict=True))
            cursor.execute(statement, shared | dict(zip(names, columns, strict=True)))
    return sum(not error for _, _, error, _ in answers)


def _jitter() -> float:
    """Pauses are up to a tenth longer: what failed together does not return together."""
    return random.uniform(1.0, 1.1)  # noqa: S311


def prune(now: datetime) -> int:
    """Delete events, and what became of them, that are older than the settings allow."""
    if not settings.AIJOBS_KEEP_WEBHOOKS_DAYS:
        return 0
    before = now - timedelta(days=settings.AIJOBS_KEEP_WEBHOOKS_DAYS)
    pruned = 0
    with connection.cursor() as cursor:
        for _ in range(MOST_PIECES):
            cursor.execute(PRUNE, [before])
            pruned += cursor.rowcount
            if cursor.rowcount < 1_000:
                break
    return pruned
