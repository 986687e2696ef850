"""The audit that every fault test ends with is no rubber stamp."""

from collections.abc import Callable
from io import BytesIO

import orjson
from django.db import connection, transaction

from aijobs import gateway
from aijobs.models import (
    AIJob,
    Batch,
    JobOutput,
    JobTag,
    JobText,
    Reservation,
    Submission,
    UsageRollup,
    Webhook,
)
from aijobs.submissions import identity
from citizenapp.tenants.models import SentMail, Tenant
from tests.faults import books, journeys, people
from tests.faults.world import World

PARAMS = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hail?"}]}


def lose_a_result() -> None:
    JobOutput.objects.filter(job__collection__isnull=False).first().delete()  # type: ignore[union-attr]


def lose_a_job() -> None:
    AIJob.objects.filter(route="batch", status="completed").update(
        status="queued", batch=None, finished_at=None
    )


def lose_a_charge() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE aijobs_ledgerentry")


def double_a_batch() -> None:
    gateway.create_batch(
        BytesIO(orjson.dumps({"requests": [{"custom_id": "1", "params": PARAMS}]}))
    )


def leave_a_batch() -> None:
    Batch.objects.filter(status="settled").update(status="ended")


def lose_a_submission() -> None:
    Submission.objects.filter(state="confirmed").update(state="released", remote_id=None)


def forget_a_sum() -> None:
    UsageRollup.objects.all().delete()


def miscount_what_waits() -> None:
    Reservation.objects.create(tenant=Tenant.objects.all()[0], usd=0, jobs=1, is_compacted=False)


def take_ours_for_a_strangers() -> None:
    for submission in Submission.objects.filter(state="confirmed")[:1]:
        assert submission.remote_id
        identity.record_stranger(
            submission.remote_id, submission.requests, submission.sent_at, submission.sent_at
        )


def tell_nobody() -> None:
    Webhook.objects.update(url="http://127.0.0.1:9/elsewhere")


def keep_what_was_dropped() -> None:
    kept = AIJob.objects.filter(status="completed", output__isnull=False)
    AIJob.objects.filter(pk__in=kept.values("pk")[:1]).update(dropped_at="2026-11-02T09:00Z")


def lose_a_tag() -> None:
    JobTag.objects.filter(job=AIJob.objects.earliest("pk").pk).delete()


def lose_the_words_of_a_job() -> None:
    JobText.objects.filter(pk=AIJob.objects.earliest("pk").pk).delete()


def lose_the_letters() -> None:
    SentMail.objects.all().delete()


# What it loses, and whether it doubles something. The last one changes what Anthropic has.
HARMS: dict[Callable[[], None], tuple[bool, bool]] = {
    lose_a_result: (True, False),
    lose_a_job: (True, True),
    lose_a_charge: (True, False),
    leave_a_batch: (True, False),
    lose_a_submission: (True, True),
    forget_a_sum: (True, False),
    miscount_what_waits: (True, False),
    take_ours_for_a_strangers: (True, True),
    tell_nobody: (True, False),
    keep_what_was_dropped: (True, False),
    lose_a_tag: (True, False),
    lose_the_words_of_a_job: (True, False),
    lose_the_letters: (True, False),
    double_a_batch: (False, True),
}


def test_harm_is_found(world: World) -> None:
    world.reset()
    journeys.found_tenants()
    journeys.be_told(world)
    people.be_mailed(world)
    journeys.live(world)
    for harm, (lost, doubled) in HARMS.items():
        assert books.audit(world).wrong == []
        # Undone at its end: a day takes seconds.
        with transaction.atomic():
            harm()
            found = books.audit(world)
            transaction.set_rollback(True)
        assert (found.lost > 0, found.doubled > 0) == (lost, doubled), harm.__name__
        assert found.wrong
