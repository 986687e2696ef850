"""PostgreSQL tells of every change of a status, when it is committed and never before."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import sql

from aijobs.events import CHANNEL, Notice, read_notice
from aijobs.models import AdditionTold, AIJob, CircuitBreaker, Collection, new_id
from aijobs.pipeline import accept
from aijobs.submissions import identity, moves
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_batch, make_job, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)


class Ear:
    """A connection of its own that listens."""

    def __init__(self, listening: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._listening = listening

    def heard(self) -> list[Notice]:
        """What was told since it was asked last."""
        notices = self._listening.notifies(timeout=0.05)
        return [read_notice(notice.payload) for notice in notices]


@pytest.fixture
def ear() -> Iterator[Ear]:
    connection.ensure_connection()
    parameters = connection.get_connection_params()
    known = {k: v for k, v in parameters.items() if k not in {"cursor_factory", "context"}}
    known.pop("prepare_threshold", None)
    with psycopg.connect(**known, autocommit=True) as listening:
        listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        yield Ear(listening)


def test_a_new_job_is_told_with_its_id_status_and_collection(ear: Ear) -> None:
    tenant = make_tenant()
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=1, created_at=NOW
    )
    job = make_job(tenant, collection=collection)
    [notice] = ear.heard()
    assert notice.tenant_id == tenant.pk
    assert notice.changes == (
        {"job_id": str(job.pk), "status": "queued", "collection_id": str(collection.pk)},
    )


def test_nothing_is_told_before_the_commit_nor_after_a_rollback(ear: Ear) -> None:
    job = make_job(make_tenant())
    ear.heard()
    with transaction.atomic():
        job.mark_canceled(NOW)
        assert ear.heard() == []
    assert [change["status"] for change in ear.heard()[0].changes] == ["canceled"]

    job.mark_queued(NOW)
    ear.heard()
    with transaction.atomic():
        job.mark_canceled(NOW)
        transaction.set_rollback(True)
    assert ear.heard() == []


def test_what_changes_no_status_is_not_told(ear: Ear) -> None:
    job = make_job(make_tenant())
    ear.heard()
    AIJob.objects.filter(pk=job.pk).update(not_before=NOW, max_tokens_factor=2)
    AIJob.objects.filter(pk=job.pk).update(status="queued")
    AIJob.objects.filter(pk=job.pk, status="failed").update(status="queued")
    assert ear.heard() == []


def test_of_jobs_that_come_one_after_the_other_the_first_is_told_and_says_look_again(
    ear: Ear,
) -> None:
    busy, other = make_tenant(), make_tenant()
    first, *_ = [make_job(busy) for _ in range(3)]
    theirs = make_job(other)
    told = ear.heard()
    assert [(notice.changes[0]["job_id"], notice.again) for notice in told] == [
        (str(first.pk), True),
        (str(theirs.pk), True),
    ]
    time.sleep(0.25)
    later = make_job(busy)
    assert [notice.changes[0]["job_id"] for notice in ear.heard()] == [str(later.pk)]


def test_a_notice_that_never_came_hushes_nobody(ear: Ear) -> None:
    tenant = make_tenant()
    with transaction.atomic():
        make_job(tenant)
        transaction.set_rollback(True)
    job = make_job(tenant)
    assert [notice.changes[0]["job_id"] for notice in ear.heard()] == [str(job.pk)]


def told_before(tenant: Tenant, milliseconds: int) -> None:
    at = datetime.now(UTC) - timedelta(milliseconds=milliseconds)
    AdditionTold.objects.filter(tenant=tenant).update(told_at=at)


@pytest.mark.parametrize("commits", [True, False])
def test_who_comes_while_another_is_about_to_tell_waits_and_tells_only_if_that_failed(
    ear: Ear, commits: bool
) -> None:
    tenant = make_tenant()
    make_job(tenant)
    ear.heard()
    told_before(tenant, 1_000)

    def add_elsewhere() -> AIJob:
        try:
            return make_job(tenant)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            first = make_job(tenant)
            second = elsewhere.submit(add_elsewhere)
            time.sleep(0.1)
            assert not second.done()
            if not commits:
                transaction.set_rollback(True)
        told = first if commits else second.result()
        second.result()
    assert [notice.changes[0]["job_id"] for notice in ear.heard()] == [str(told.pk)]


def test_a_clock_that_was_set_back_hushes_nobody(ear: Ear) -> None:
    tenant = make_tenant()
    make_job(tenant)
    ear.heard()
    told_before(tenant, -3_600_000)
    make_job(tenant)
    assert len(ear.heard()) == 1


def test_each_tenant_hears_of_its_own_jobs_in_one_notice(ear: Ear) -> None:
    first, second = make_tenant(), make_tenant()
    jobs = {tenant.pk: {str(make_job(tenant).pk) for _ in range(3)} for tenant in (first, second)}
    ear.heard()
    AIJob.objects.all().cancel_waiting(NOW)
    told = {
        notice.tenant_id: {change["job_id"] for change in notice.changes} for notice in ear.heard()
    }
    assert told == jobs


@pytest.mark.parametrize(("jobs", "named"), [(50, 50), (51, 0), (1_001, 0)])
def test_a_change_of_many_jobs_says_look_again(ear: Ear, jobs: int, named: int) -> None:
    tenant = make_tenant()
    item = {"document_text": "Hail is covered."}
    accept.accept_collection(
        tenant, "c", "summarize", enumerate([item] * jobs, 1), now=NOW, created_by="ann"
    )
    [added] = ear.heard()
    AIJob.objects.all().cancel_waiting(NOW)
    [moved] = ear.heard()
    for notice in (added, moved):
        assert len(notice.changes) == named
        assert notice.is_resync is (named == 0)


def test_a_batch_at_anthropic_is_told_to_the_tenants_in_it(ear: Ear) -> None:
    batch = make_batch("submitting", tenant_ids=[7, 9])
    submission = identity.current(batch)
    assert moves.confirm(submission, "msgbatch_1", NOW, NOW)
    assert {notice.tenant_id for notice in ear.heard()} == {7, 9}
    # The jobs show as processing while it is canceled and when it has ended: nothing new.
    assert batch.mark_ended(submission, NOW, {"succeeded": 1})
    assert ear.heard() == []


def test_jobs_that_show_as_waiting_again_are_told(ear: Ear) -> None:
    batch = make_batch("ended", state="adopted", tenant_ids=[7, 9])
    assert moves.disown(identity.current(batch), NOW, "why")
    assert {notice.tenant_id for notice in ear.heard()} == {7, 9}


def test_of_many_that_move_each_tenant_is_told_whose_jobs_did(ear: Ear) -> None:
    first, second, third = make_tenant(), make_tenant(), make_tenant()
    for tenant in (first, second, third):
        accept.accept_collection(
            tenant, "c", "summarize", enumerate([{"document_text": "Hail."}] * 700, 1), now=NOW,
            created_by="ann",
        )  # fmt: skip
    ear.heard()
    AIJob.objects.exclude(tenant=third).cancel_waiting(NOW)
    assert {notice.tenant_id for notice in ear.heard()} == {first.pk, second.pk}


def test_a_pause_is_told_to_all_tenants_when_it_begins_and_when_it_ends(ear: Ear) -> None:
    tenants = {make_tenant().pk, make_tenant().pk}
    breaker = CircuitBreaker.objects.create(
        reason="spend_limit", message="", opened_at=NOW, probe_at=NOW
    )
    assert {notice.tenant_id for notice in ear.heard() if notice.is_resync} == tenants
    # That it is looked into is nothing that a page shows.
    breaker.claim_probe(NOW)
    assert ear.heard() == []
    breaker.mark_closed(NOW)
    assert {notice.tenant_id for notice in ear.heard() if notice.is_resync} == tenants


def test_a_notice_holds_no_text_of_a_document(ear: Ear) -> None:
    make_job(make_tenant(), text="a secret of the insured")
    assert "secret" not in repr(ear.heard())
