"""The same question twice: answered once, charged once, within one tenant."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from aijobs import jobtypes
from aijobs.budgets.standing import LimitReached
from aijobs.jobtypes import InvalidInput
from aijobs.models import (
    FOR_A_PERSON,
    AIJob,
    Collection,
    JobInput,
    JobOutput,
    LedgerEntry,
    Question,
    Reservation,
)
from aijobs.pipeline import _retention, accept, assemble, expedite, seed, share, sweep, withdraw
from aijobs.pipeline._repeats import LONGEST_WAIT
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    at,
    bring_back,
    hold,
    keep_going,
    queue,
    send,
)

pytestmark = pytest.mark.django_db

LATER = DUE + timedelta(hours=2)
DAY = timedelta(days=1)


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant(repeat_days=30)


def ask(tenant: Tenant, text: str = TEXT, **wishes: Any) -> AIJob:
    [job] = queue(text, tenant=tenant, **wishes)
    return job


def ask_all(tenant: Tenant, *texts: str, **wishes: Any) -> Collection:
    rows: list[Any] = [(number, {"document_text": text}) for number, text in enumerate(texts, 1)]
    asked: dict[str, Any] = {"now": NOW, "created_by": "ann", **wishes}
    return accept.accept_collection(tenant, "Policies", "summarize", rows, **asked).collection


def again(job: AIJob) -> AIJob:
    return AIJob.objects.get(pk=job.pk)


def told(job: AIJob) -> tuple[str, object]:
    found = again(job)
    return found.status, found.answered_by


def test_a_question_that_was_answered_is_answered_by_the_earlier_result(
    tenant: Tenant, emulator: Emulator
) -> None:
    first = ask(tenant)
    bring_back(send(), emulator)
    second = ask(tenant, now=LATER)
    assert (second.status, second.answered_by) == ("completed", first.pk)
    assert told(second) == ("completed", first.pk)
    assert again(second).finished_at == LATER
    assert second.output.result == JobOutput.objects.get(pk=first.pk).result
    assert not LedgerEntry.objects.filter(job_id=second.pk).exists()
    assert not Reservation.objects.filter(tenant=tenant).total()
    assert emulator.stats()["batches_created"] == 1


def test_what_is_under_way_is_waited_for(tenant: Tenant, emulator: Emulator) -> None:
    first, second = ask(tenant), ask(tenant)
    batch = send()
    third = ask(tenant, now=DUE)
    assert batch.requests == 1
    assert told(second) == told(third) == ("queued", first.pk)
    assert not share.due(DUE)
    bring_back(batch, emulator)
    assert share.due(LATER)
    assert share.run(LATER) == 2
    assert share.run(LATER) == 0
    assert not share.due(LATER)
    assert told(second) == told(third) == ("completed", first.pk)
    assert JobOutput.objects.count() == 3
    assert LedgerEntry.objects.count() == 1
    assert not Reservation.objects.filter(tenant=tenant).total()


@pytest.mark.parametrize(
    "other",
    [
        {"text": TEXT + "!"},
        {"job_type": "analyze"},
        {"raw": {"max_length": 60}},
    ],
)
def test_another_question_is_sent(tenant: Tenant, other: dict[str, Any]) -> None:
    ask(tenant)
    raw = {"document_text": other.get("text", TEXT)} | other.get("raw", {})
    kind = other.get("job_type", "summarize")
    job = accept.accept_job(tenant, kind, raw, now=NOW, created_by="ann")
    assert told(job) == ("queued", None)


def test_another_model_is_another_question(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(tenant)
    monkeypatch.setattr(jobtypes.get("summarize"), "model", "claude-opus-4-5")
    assert told(ask(tenant)) == ("queued", None)


def test_another_tenant_pays_for_itself(tenant: Tenant, emulator: Emulator) -> None:
    ask(tenant)
    bring_back(send(), emulator)
    other = ask(make_tenant(repeat_days=30), now=LATER)
    assert told(other) == ("queued", None)
    keep_going(LATER)
    assert LedgerEntry.objects.filter(job_id=other.pk).count() == 1


def test_an_old_result_does_not_count_and_the_new_one_does(
    tenant: Tenant, emulator: Emulator
) -> None:
    ask(tenant)
    bring_back(send(), emulator)
    late = LATER + 30 * DAY
    second, third = ask(tenant, now=late), ask(tenant, now=late)
    assert told(second) == ("queued", None)
    assert told(third) == ("queued", second.pk)


def test_a_workspace_may_do_without(emulator: Emulator) -> None:
    tenant = make_tenant(repeat_days=0)
    ask(tenant)
    bring_back(send(), emulator)
    assert told(ask(tenant, now=LATER)) == ("queued", None)
    assert not Question.objects.exists()


def test_who_asks_again_gets_another_answer_and_that_counts_from_then_on(
    tenant: Tenant, emulator: Emulator
) -> None:
    ask(tenant)
    bring_back(send(), emulator)
    second = ask(tenant, now=LATER, fresh=True)
    assert told(second) == ("queued", None)
    assert told(ask(tenant, now=LATER)) == ("queued", second.pk)


def test_what_waits_for_a_job_that_fails_is_sent_by_itself(
    tenant: Tenant, emulator: Emulator
) -> None:
    text = f"{TEXT} [[emulate:refusal]]"
    first, second, third = (ask(tenant, text) for _ in range(3))
    bring_back(send(), emulator)
    assert told(first) == ("failed", None)
    assert share.run(LATER) == 2
    assert told(second) == told(third) == ("queued", None)
    assert send(LATER).requests == 2


def test_what_waits_for_a_job_that_is_canceled_is_sent_by_itself(
    tenant: Tenant, emulator: Emulator
) -> None:
    first, second = ask(tenant), ask(tenant)
    assert withdraw.cancel_job(first, now=NOW)
    assert share.run(DUE) == 1
    assert told(second) == ("queued", None)
    third = ask(tenant)
    assert told(third) == ("queued", None)
    assert send().requests == 2


def test_a_job_that_waits_can_be_canceled_and_retried(tenant: Tenant) -> None:
    ask(tenant)
    second = ask(tenant)
    assert withdraw.cancel_job(second, now=NOW)
    assert told(second) == ("canceled", None)
    assert accept.retry_job(second, now=NOW)
    assert told(second) == ("queued", None)


def test_who_was_told_nothing_is_sent_by_itself_in_the_end(
    tenant: Tenant, emulator: Emulator
) -> None:
    hold(emulator)
    first = ask(tenant)
    send()
    second = ask(tenant)
    assert assemble.run(NOW + LONGEST_WAIT - MINUTE) == 0
    assert assemble.run(DUE + LONGEST_WAIT) == 1
    assert told(second) == ("submitted", None)
    assert told(first) == ("submitted", None)


def test_what_is_needed_now_does_not_wait_for_a_batch(tenant: Tenant, emulator: Emulator) -> None:
    ask(tenant)
    urgent = ask(tenant, needed_within=0)
    assert told(urgent) == ("queued", None)
    assert expedite.run(NOW, at(NOW)) == 1
    assert told(urgent) == ("completed", None)
    assert emulator.stats()["messages_billed"] == 1


def test_what_has_time_waits_until_its_deadline_is_near(tenant: Tenant, emulator: Emulator) -> None:
    hold(emulator)
    first = ask(tenant)
    send()
    second = ask(tenant, needed_within=3600)
    assert told(second) == ("queued", first.pk)
    assert expedite.run(NOW + MINUTE * 56, at(NOW)) == 0
    assert expedite.run(NOW + MINUTE * 58, at(NOW)) == 1
    assert told(second) == ("completed", None)


def test_the_same_urgent_question_twice_is_asked_once(tenant: Tenant, emulator: Emulator) -> None:
    first, second = (ask(tenant, needed_within=0) for _ in range(2))
    assert expedite.run(NOW, at(NOW)) == 1
    assert share.run(NOW) == 1
    assert told(second) == ("completed", first.pk)
    assert emulator.stats()["messages_billed"] == 1


def test_rows_of_a_collection_that_ask_the_same_are_sent_once(
    tenant: Tenant, emulator: Emulator
) -> None:
    collection = ask_all(tenant, TEXT, "Hail.", TEXT, TEXT)
    assert (collection.total, collection.counts()["queued"]) == (4, 4)
    batch = send()
    assert batch.requests == 2
    bring_back(batch, emulator)
    share.run(LATER)
    assert collection.counts()["completed"] == 4
    first = AIJob.objects.filter(collection=collection).earliest("pk")
    assert AIJob.objects.filter(answered_by=first.pk).count() == 2
    assert LedgerEntry.objects.count() == 2
    assert not Reservation.objects.filter(tenant=tenant).total()


def test_a_collection_that_is_queued_again_is_answered_at_once(
    tenant: Tenant, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "CHUNK", 2)
    texts = [f"Policy {number % 4}" for number in range(6)]
    ask_all(tenant, *texts)
    bring_back(send(), emulator)
    share.run(LATER)
    second = ask_all(tenant, *texts, "Policy 9", now=LATER)
    assert second.counts() | {"completed": 6, "queued": 1} == second.counts()
    originals = set(AIJob.objects.filter(answered_by=None).values_list("pk", flat=True))
    copies = AIJob.objects.filter(collection=second, status="completed")
    assert {one.answered_by for one in copies} <= originals
    keep_going(LATER)
    assert LedgerEntry.objects.count() == 5


def test_a_collection_that_is_asked_anew_is_sent(tenant: Tenant, emulator: Emulator) -> None:
    ask_all(tenant, TEXT)
    bring_back(send(), emulator)
    second = ask_all(tenant, TEXT, TEXT, now=LATER, fresh=True)
    assert second.counts()["queued"] == 2
    assert not AIJob.objects.exclude(answered_by=None).exists()
    with pytest.raises(InvalidInput, match="fresh"):
        ask_all(tenant, TEXT, fresh="perhaps")


def test_a_repeat_costs_nothing_where_the_limit_is_spent(
    tenant: Tenant, emulator: Emulator
) -> None:
    ask(tenant)
    bring_back(send(), emulator)
    Tenant.objects.update(limit_usd=0)
    tenant.refresh_from_db()
    assert ask(tenant, now=LATER).status == "completed"
    with pytest.raises(LimitReached):
        ask(tenant, "Hail.", now=LATER)


def test_a_copy_goes_with_its_original(tenant: Tenant, emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_KEEP_JOBS_DAYS = 10
    ask(tenant)
    bring_back(send(), emulator)
    copy = ask(tenant, now=LATER + 9 * DAY)
    assert copy.status == "completed"
    sweep.run(LATER + 11 * DAY)
    for rows in (AIJob, JobInput, JobOutput, Question):
        assert not rows._default_manager.exists()
    assert LedgerEntry.objects.count() == 1
    assert told(ask(tenant, now=LATER + 11 * DAY)) == ("queued", None)


def test_many_copies_go_in_pieces_and_the_original_last(
    tenant: Tenant, emulator: Emulator, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_retention, "PIECE_ROWS", 2)
    settings.AIJOBS_KEEP_JOBS_DAYS = 10
    ask(tenant)
    bring_back(send(), emulator)
    ask_all(tenant, *[TEXT] * 5, now=LATER + 9 * DAY)
    sweep.run(LATER + 11 * DAY)
    assert not AIJob.objects.exists()


def test_what_waits_for_a_job_that_is_deleted_is_sent_by_itself(tenant: Tenant) -> None:
    first, second = ask(tenant), ask(tenant)
    first.documents.all().delete()
    JobInput.objects.filter(pk=first.pk).delete()
    AIJob.objects.filter(pk=first.pk).delete()
    assert share.run(NOW) == 1
    assert told(second) == ("queued", None)


@pytest.mark.django_db(transaction=True)
def test_of_two_clients_at_once_one_is_sent_and_the_other_waits(
    tenant: Tenant, emulator: Emulator
) -> None:
    together = Barrier(4)

    def client(number: int) -> object:
        try:
            together.wait()
            return ask(tenant) if number % 2 else ask_all(tenant, "Fire.", TEXT)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(client, range(4)))
    assert AIJob.objects.filter(status="queued", answered_by=None).count() == 2
    batch = send()
    assert batch.requests == 2
    bring_back(batch, emulator)
    share.run(LATER)
    assert AIJob.objects.filter(status="completed").count() == 6
    assert LedgerEntry.objects.count() == 2


def test_what_was_asked_before_is_not_tried_and_who_waits_is_not_let_go(
    tenant: Tenant, emulator: Emulator
) -> None:
    ask(tenant)
    bring_back(send(), emulator)
    collection = ask_all(tenant, TEXT, "Hail.", "Fire.", "Fire.", now=LATER, trial=1)
    jobs = AIJob.objects.filter(collection=collection).order_by("pk")
    known, tried, held, twin = jobs
    assert (known.status, tried.route, tried.not_before) == ("completed", "sync", LATER)
    assert twin.answered_by == held.pk
    assert twin.not_before == held.not_before == FOR_A_PERSON
    assert seed.end_trial(collection, LATER) == 1
    assert told(twin) == ("queued", held.pk)
    keep_going(LATER)
    assert LedgerEntry.objects.count() == 3
