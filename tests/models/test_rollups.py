"""Counts and sums are kept: they say what counting would, whatever happened to the rows."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, Sum

from aijobs.models import AIJob, Collection, LedgerEntry, StatusCounter, UsageRollup, rollups
from aijobs.pipeline import accept, sweep
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db

ITEM = {"document_text": "Hail is covered."}


def make_collection(tenant: Tenant, jobs: int) -> Collection:
    items = enumerate([ITEM] * jobs, 1)
    return accept.accept_collection(
        tenant, "c", "summarize", items, now=NOW, created_by="ann"
    ).collection


def charge(job: AIJob, cost: str, hours: float = 0) -> None:
    make_charge(job, cost, created_at=NOW + timedelta(hours=hours))


def counted(collection: Collection) -> dict[str, int]:
    """What counting the rows says."""
    found = AIJob.objects.filter(collection=collection).with_shown_status()
    shown = Counter(found.values_list("shown_status", flat=True))  # type: ignore[misc]
    return {status: shown[status] for status in AIJob.Status.values}


def test_a_collection_is_counted_through_every_move() -> None:
    collection = make_collection(make_tenant(), 6)
    jobs = AIJob.objects.filter(collection=collection)
    first, second, third = jobs[:3]
    batch = make_batch("assembled")
    first.mark_canceled(NOW)
    jobs.filter(pk=second.pk).update(status="processing")
    jobs.filter(status="queued").update(status="submitted", batch=batch)
    assert collection.counts() == counted(collection)
    assert collection.counts()["submitted"] == 4
    type(batch).objects.update(status="submitted")
    assert collection.counts()["processing"] == 5
    rollups.compact()
    jobs.filter(pk=third.pk).update(status="completed", finished_at=NOW)
    first.mark_queued(NOW)
    jobs.filter(pk=second.pk).delete()
    assert collection.counts() == counted(collection)
    assert sum(collection.counts().values()) == 5


def test_whatever_moves_the_counts_are_those_of_the_rows() -> None:
    random, tenant = Random(7), make_tenant()
    collections = [make_collection(tenant, 20) for _ in range(3)]
    batches = [make_batch("submitted"), make_batch("assembled")]
    moves: list[dict[str, Any]] = [
        {"status": "queued", "batch": None, "finished_at": None},
        {"status": "processing", "batch": None, "finished_at": None},
        *({"status": "submitted", "batch": batch, "finished_at": None} for batch in batches),
        *({"status": status, "finished_at": NOW} for status in AIJob.FINAL),
    ]
    ids = list(AIJob.objects.values_list("pk", flat=True))
    for _ in range(60):
        chosen = random.sample(ids, random.randint(1, 15))
        AIJob.objects.filter(pk__in=chosen).update(**random.choice(moves))
        if random.random() < 0.2:
            rollups.compact()
        found = StatusCounter.objects.filter(collection__in=collections).counts()
        for collection in collections:
            nonzero = {status: jobs for status, jobs in counted(collection).items() if jobs}
            assert found[collection.pk] == nonzero


def test_a_statement_that_moves_nothing_leaves_no_row() -> None:
    collection = make_collection(make_tenant(), 3)
    before = StatusCounter.objects.count()
    AIJob.objects.filter(collection=collection).update(request_bytes=1)
    make_job(collection.tenant)
    assert StatusCounter.objects.count() == before


def test_folding_leaves_one_row_a_status_and_none_for_what_is_over() -> None:
    collection = make_collection(make_tenant(), 4)
    for job in AIJob.objects.filter(collection=collection):
        job.mark_canceled(NOW)
    sweep.run(NOW)
    sweep.run(NOW)
    assert [(one.status, one.jobs) for one in StatusCounter.objects.all()] == [("canceled", 4)]


def test_sums_are_those_of_the_ledger_before_and_after_folding() -> None:
    tenant, other = make_tenant(), make_tenant()
    collection = make_collection(tenant, 2)
    first, second = AIJob.objects.filter(collection=collection)
    charge(first, "0.1")
    charge(second, "0.2", hours=0.5)
    charge(second, "0.4", hours=2)
    charge(make_job(tenant), "0.8")
    charge(make_job(other), "1.6")
    for _ in range(2):
        sums = UsageRollup.objects.filter(tenant=tenant).aggregate(
            cost=Sum("cost_usd"), tokens=Sum("input_tokens"), answers=Sum("answers")
        )
        ledger = LedgerEntry.objects.filter(tenant=tenant).aggregate(
            cost=Sum("cost_usd"), tokens=Sum("input_tokens"), answers=Count("*")
        )
        assert sums == ledger
        of_collection = UsageRollup.objects.filter(collection_id=collection.pk)
        assert of_collection.aggregate(cost=Sum("cost_usd"))["cost"] == Decimal("0.7")
        assert set(of_collection.values_list("hour", flat=True)) == {
            NOW,
            NOW + timedelta(hours=2),
        }
        rollups.compact()
    assert UsageRollup.objects.filter(tenant=tenant).count() == 3


def test_a_job_is_counted_with_its_first_charge_only() -> None:
    job = make_job(make_tenant(), attempts=1)
    charge(job, "0.1")
    AIJob.objects.filter(pk=job.pk).update(attempts=2)
    charge(job, "0.1")
    assert UsageRollup.objects.aggregate(jobs=Sum("jobs"), answers=Sum("answers")) == {
        "jobs": 1,
        "answers": 2,
    }


def test_sums_know_the_model_and_who_queued_the_job() -> None:
    tenant = make_tenant()
    [job] = AIJob.objects.filter(collection=make_collection(tenant, 1))
    make_charge(job, model="claude-opus-5-5", cache_write_5m_tokens=3, cache_write_1h_tokens=4)
    gone = make_job(tenant)
    AIJob.objects.filter(pk=gone.pk).delete()
    make_charge(gone)
    make_charge(gone)
    for _ in range(2):
        kept = UsageRollup.objects.values_list("model", "created_by").annotate(
            Sum("answers"), Sum("cache_write_tokens"), Sum("cache_write_1h_tokens")
        )
        assert sorted(kept) == [
            ("claude-haiku-5-5", "", 2, 0, 0),
            ("claude-opus-5-5", "ann", 1, 7, 4),
        ]
        rollups.compact()
    assert UsageRollup.objects.count() == 2


def test_old_and_new_sums_of_an_hour_lie_side_by_side() -> None:
    tenant = make_tenant()
    charge(make_job(tenant), "1")
    rollups.compact()
    UsageRollup.objects.update(model="", created_by="")
    charge(make_job(tenant), "2")
    rollups.compact()
    assert sorted(UsageRollup.objects.values_list("model", "cost_usd")) == [
        ("", Decimal(1)),
        ("claude-haiku-5-5", Decimal(2)),
    ]


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_whoever_moves_jobs_of_the_same_collection() -> None:
    collection = make_collection(make_tenant(), 2)
    first, second = AIJob.objects.filter(collection=collection)
    rollups.compact()
    mine = connection.copy()
    try:
        with transaction.atomic(), mine.cursor() as cursor:
            assert first.mark_canceled(NOW)
            charge(first, "1")
            cursor.execute("SET lock_timeout = '1s'")
            cursor.execute(
                "UPDATE aijobs_aijob SET status = 'canceled', finished_at = now() WHERE id = %s",
                [second.pk],
            )
            cursor.execute(rollups.COMPACT_COUNTERS)
    finally:
        mine.close()
    rollups.compact()
    assert collection.counts()["canceled"] == 2
