"""So many jobs of a tenant may be queued or on their way; what would be more is refused whole."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from aijobs.budgets import room
from aijobs.budgets.room import QueueFull
from aijobs.documents import of_text
from aijobs.models import AIJob, Collection, Reservation, new_id, rollups
from aijobs.pipeline import accept, withdraw
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_job, make_output, make_tenant
from tests.models.test_move_of_documents import migrate
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db

BEFORE = ("aijobs", "0028_find_at_once")
TEXT = "The policy covers hail and fire."


def queue(tenant: Tenant, text: str = TEXT) -> AIJob:
    return accept.accept_job(
        tenant, "summarize", {"document_text": text}, now=NOW, created_by="max"
    )


def queue_many(tenant: Tenant, count: int, start: int = 0) -> Collection:
    rows = ((n + 1, {"document_text": f"{start + n} {TEXT}"}) for n in range(count))
    return accept.accept_collection(
        tenant, "October", "summarize", rows, now=NOW, created_by="max"
    ).collection


def test_jobs_count_from_when_they_are_queued_until_they_are_over() -> None:
    tenant = make_tenant()
    job, collection = queue(tenant), queue_many(tenant, 4)
    assert room.waiting(tenant) == 5

    batch = make_batch("submitted", requests=2)
    sent = AIJob.objects.filter(collection=collection).values_list("pk", flat=True)[:2]
    AIJob.objects.filter(pk__in=[*sent]).update(status="submitted", batch=batch)
    assert room.waiting(tenant) == 5

    AIJob.objects.filter(batch=batch).update(status="completed", finished_at=NOW)
    assert room.waiting(tenant) == 3
    withdraw.cancel_job(job, now=NOW)
    withdraw.cancel_collection(collection, now=NOW)
    assert room.waiting(tenant) == 0
    accept.retry_job(job, now=NOW)
    assert room.waiting(tenant) == 1
    rollups.compact()
    assert room.waiting(tenant) == 1
    assert Reservation.objects.filter(tenant=tenant).count() == 1


def test_a_job_too_many_is_refused_and_says_what_there_is() -> None:
    tenant = make_tenant(most_waiting=2)
    queue(tenant)
    queue(tenant)

    with pytest.raises(
        QueueFull, match=r"At most 2 jobs .* 2 are, and 0 more would fit"
    ) as refused:
        queue(tenant)

    assert (refused.value.waiting, refused.value.room) == (2, 0)
    assert AIJob.objects.count() == 2
    withdraw.cancel_job(AIJob.objects.all()[0], now=NOW)
    assert queue(tenant).status == "queued"


def test_a_collection_that_does_not_fit_is_refused_whole() -> None:
    tenant = make_tenant(most_waiting=10)
    queue_many(tenant, 4)

    with pytest.raises(QueueFull) as refused:
        queue_many(tenant, 7)

    assert (refused.value.waiting, refused.value.room) == (4, 6)
    assert Collection.objects.count() == 1
    assert room.waiting(tenant) == 4
    queue_many(tenant, 6)


def test_where_nothing_fits_a_collection_is_not_even_read() -> None:
    tenant = make_tenant(most_waiting=1)
    queue(tenant)

    rows = iter([(1, {"document_text": TEXT})])
    with pytest.raises(QueueFull):
        accept.accept_collection(tenant, "n", "summarize", rows, now=NOW, created_by="max")
    assert len([*rows]) == 1


def test_several_documents_of_a_form_fit_together_or_not_at_all() -> None:
    tenant = make_tenant(most_waiting=3)
    requests: list[Any] = [({}, [of_text(f"{number} {TEXT}")]) for number in range(4)]

    def refuse(position: int, refusal: Exception) -> None:
        raise AssertionError(refusal)

    with pytest.raises(QueueFull) as refused:
        accept.accept_jobs(tenant, "summarize", requests, now=NOW, created_by="max", refused=refuse)
    assert (refused.value.waiting, refused.value.room) == (0, 3)
    assert not AIJob.objects.exists()


def test_what_is_queued_again_must_fit_too() -> None:
    tenant = make_tenant(most_waiting=5)
    collection = queue_many(tenant, 5)
    withdraw.cancel_collection(collection, now=NOW)
    queue_many(tenant, 3, start=10)

    with pytest.raises(QueueFull) as refused:
        accept.retry_collection(collection, "canceled", now=NOW)
    assert (refused.value.waiting, refused.value.room) == (3, 2)
    assert collection.counts()["canceled"] == 5
    jobs = AIJob.objects.filter(collection=collection)
    for job in jobs[:2]:
        assert accept.retry_job(job, now=NOW)
    with pytest.raises(QueueFull):
        accept.retry_job(jobs.filter(status="canceled")[0], now=NOW)


def test_jobs_of_a_batch_that_failed_must_fit_too() -> None:
    tenant = make_tenant(most_waiting=1)
    batch = make_batch("settled", tenant_ids=[tenant.pk])
    for _ in range(2):
        make_job(tenant, status="failed", finished_at=NOW, batch=batch)

    with pytest.raises(QueueFull) as refused:
        accept.retry_batch(batch, now=NOW)
    assert (refused.value.waiting, refused.value.room) == (0, 1)
    assert AIJob.objects.filter(status="failed").count() == 2


def test_what_was_answered_before_needs_no_room() -> None:
    tenant = make_tenant(most_waiting=1, repeat_days=30)
    first = queue(tenant)
    AIJob.objects.filter(pk=first.pk).update(status="completed", finished_at=NOW)
    make_output(first)
    queue(tenant, "Another text.")

    assert queue(tenant).status == "completed"
    with pytest.raises(QueueFull):
        queue(tenant, "A third text.")
    # What waits for the answer to another one is a job that waits.
    with pytest.raises(QueueFull):
        queue(tenant, "Another text.")


def test_without_a_number_of_its_own_a_tenant_has_that_of_all(settings: Settings) -> None:
    settings.AIJOBS_MOST_WAITING = 1
    tenant, larger = make_tenant(), make_tenant(most_waiting=2)
    for one in (tenant, larger):
        queue(one)
    with pytest.raises(QueueFull):
        queue(tenant)
    queue(larger)
    settings.AIJOBS_MOST_WAITING = 0
    queue(tenant)
    with pytest.raises(QueueFull):
        queue(larger)


def test_rows_of_single_jobs_stay_few() -> None:
    tenant = make_tenant()
    Reservation.objects.bulk_create(
        Reservation(tenant=tenant, usd=0, jobs=1, is_compacted=False) for _ in range(400)
    )
    for _ in range(2):
        queue(tenant)

    assert room.waiting(tenant) == 402
    assert Reservation.objects.filter(tenant=tenant).count() == 2


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.mark.django_db(transaction=True)
def test_collections_at_once_cannot_overrun_it(clients: ThreadPoolExecutor) -> None:
    tenant = make_tenant(most_waiting=50)

    def ask(client: int) -> int:
        taken = 0
        for number in range(5):
            try:
                taken += queue_many(tenant, 4, start=100 * client + 10 * number).total
            except QueueFull:
                continue
        connection.close()
        return taken

    taken = sum(clients.map(ask, range(8)))
    assert taken == AIJob.objects.count() == room.waiting(tenant) == 48


@pytest.mark.django_db(transaction=True)
def test_single_jobs_at_once_overrun_it_by_those_of_one_moment_at_most(
    clients: ThreadPoolExecutor,
) -> None:
    tenant = make_tenant(most_waiting=100)

    def ask(client: int) -> None:
        for number in range(30):
            try:
                queue(tenant, f"{client} {number} {TEXT}")
            except QueueFull:
                continue
        connection.close()

    list(clients.map(ask, range(8)))
    assert 100 <= AIJob.objects.count() == room.waiting(tenant) < 100 + 8


@pytest.mark.django_db(transaction=True)
def test_the_migration_counts_jobs_that_are_there() -> None:
    tenant, other, batch = make_tenant(), make_tenant(), make_batch("submitted")
    collection = make_collection(tenant)

    def store(apps: Any, tenant: Tenant, status: str, **fields: object) -> None:
        apps.get_model("aijobs", "AIJob").objects.create(
            id=new_id(NOW),
            tenant_id=tenant.pk,
            job_type="summarize",
            status=status,
            request_bytes=1,
            created_at=NOW,
            not_before=NOW,
            **fields,
        )

    try:
        apps = migrate(BEFORE)
        for status in ("queued", "processing"):
            store(apps, tenant, status)
        store(apps, tenant, "queued", collection_id=collection.pk)
        store(apps, tenant, "submitted", batch_id=batch.pk)
        for status in ("completed", "failed"):
            store(apps, tenant, status, finished_at=NOW)
        store(apps, other, "queued")
    finally:
        migrate()
    assert (room.waiting(tenant), room.waiting(other)) == (4, 1)
    AIJob.objects.filter(collection=collection).update(status="canceled", finished_at=NOW)
    assert room.waiting(tenant) == 3


def test_a_worker_of_the_version_before_adds_up_no_rows_that_it_does_not_know() -> None:
    """It goes on for a while after the migration. What it deleted would be counted no more."""
    tenant = make_tenant()
    queue(tenant)
    former = """
        WITH fresh AS (DELETE FROM aijobs_reservation WHERE NOT is_compacted
            RETURNING tenant_id, collection_id, usd)
        INSERT INTO aijobs_reservation (tenant_id, collection_id, usd, is_compacted)
        SELECT tenant_id, collection_id, sum(usd), TRUE FROM fresh GROUP BY 1, 2
    """
    with (
        pytest.raises(IntegrityError, match="jobs"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(former)
    assert room.waiting(tenant) == 1
