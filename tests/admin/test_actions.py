"""Retry and cancel: what moves, what stays, and what the person is told."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import Settings

from aijobs import gateway
from aijobs.models import AIJob, Batch
from aijobs.pipeline import accept, assemble, dispatch
from citizenapp.tenants.models import AuditEntry
from tests.admin.rows import LATER, act, make_failed_job, page, told
from tests.factories import NOW, make_batch, make_job, make_tenant
from tests.ground import Emulator, emulating


@pytest.fixture
def busy_emulator(tmp_path: Path, settings: Settings) -> Iterator[Emulator]:
    """An emulator whose batches take a minute."""
    with emulating(tmp_path, "--latency-base", "60") as emulator:
        settings.ANTHROPIC_BASE_URL = emulator.url
        settings.ANTHROPIC_API_KEY = "emulator"
        yield emulator


def statuses() -> list[str]:
    return sorted(AIJob.objects.values_list("status", flat=True))


def test_retry_asks_first(staff: Client) -> None:
    job = make_failed_job()
    answer = act(staff, "aijob", "retry", job.pk, confirmed=False)
    assert b"charged again" in answer.content
    assert statuses() == ["failed"]


def test_what_is_asked_first_is_asked_on_a_page_of_its_own(staff: Client) -> None:
    job = make_failed_job()
    answer = act(staff, "aijob", "retry", job.pk, confirmed=False)
    [(asked_at, status)] = answer.redirect_chain
    assert (asked_at, status) == ("/admin/aijobs/aijob/confirm/", 302)
    again = staff.get(asked_at)
    assert str(job.pk) in again.content.decode()
    assert statuses() == ["failed"]
    # The question is about jobs, and asked of nobody who has chosen none.
    assert staff.get("/admin/aijobs/batch/confirm/").status_code == 302


def test_retry_queues_what_failed_and_says_why_the_rest_stayed(staff: Client) -> None:
    tenant = make_tenant()
    jobs = [
        make_failed_job(tenant),
        make_failed_job(tenant, status="canceled"),
        make_job(tenant, status="completed", finished_at=LATER),
    ]
    answer = act(staff, "aijob", "retry", *(job.pk for job in jobs))
    assert told(answer) == [
        "Queued again: 2.",
        "Left as they were: 1. Only what failed or was canceled runs again, not completed jobs.",
    ]
    assert statuses() == ["completed", "queued", "queued"]


def test_cancel_takes_waiting_jobs_out_and_says_why_the_rest_stayed(staff: Client) -> None:
    tenant = make_tenant()
    waiting = make_job(tenant)
    away = make_job(tenant, batch=make_batch("submitted"), status="submitted")
    answer = act(staff, "aijob", "cancel", waiting.pk, away.pk)
    assert told(answer) == [
        "Canceled: 1.",
        "Left as they were: 1. Claude is already working on it; its result will arrive.",
    ]
    assert statuses() == ["canceled", "submitted"]


def test_what_was_done_stays_in_the_record(staff: Client) -> None:
    job = make_job(make_tenant())
    act(staff, "aijob", "cancel", job.pk)
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id, entry.get_change_message()) == (
        "root",
        str(job.pk),
        "Canceled",
    )


def buttons(staff: Client, model: str, row: object) -> set[str]:
    text = page(staff, f"aijobs_{model}_change", row)
    return set(re.findall(r'<input type="hidden" name="action" value="(\w+)">', text))


def test_the_page_of_a_row_has_a_button_for_each_action_that_applies(staff: Client) -> None:
    tenant = make_tenant()
    assert buttons(staff, "aijob", make_job(tenant).pk) == {"cancel"}
    assert buttons(staff, "aijob", make_failed_job(tenant).pk) == {"retry"}
    cancels = {"cancel_and_queue_again", "cancel_with_jobs"}
    for status, expected in (
        ("assembled", cancels),
        ("submitted", cancels),
        ("canceling", cancels),
        ("unconfirmed", {"adopt", "release"}),
        ("settled", {"retry_failed"}),
    ):
        assert buttons(staff, "batch", make_batch(status).pk) == expected
    called = make_batch("ended", needs_attention="Its results don't add up.")
    assert buttons(staff, "batch", called.pk) == {"seen"}


def test_an_assembled_batch_is_dissolved_either_way(staff: Client) -> None:
    tenant = make_tenant()
    for action, after in (("cancel_and_queue_again", "queued"), ("cancel_with_jobs", "canceled")):
        batch = make_batch("assembled")
        job = make_job(tenant, batch=batch, status="submitted", attempts=1)
        act(staff, "batch", action, batch.pk, confirmed=False)
        job.refresh_from_db()
        assert job.status == "submitted", "It asks first."
        act(staff, "batch", action, batch.pk)
        batch.refresh_from_db()
        job.refresh_from_db()
        assert (batch.status, job.status) == ("rejected", after)


@pytest.mark.parametrize(
    ("action", "after"),
    [("cancel_and_queue_again", "requeue"), ("cancel_with_jobs", "cancel")],
)
def test_a_submitted_batch_is_canceled_at_anthropic(
    staff: Client, busy_emulator: Emulator, action: str, after: str
) -> None:
    accept.accept_job(
        make_tenant(), "summarize", {"document_text": "Hail."}, now=NOW, created_by="ada"
    )
    assemble.run(LATER)
    dispatch.run(LATER, lambda: LATER)
    batch = Batch.objects.get(status="submitted")
    assert told(act(staff, "batch", action, batch.pk)) == ["Cancellation begun: 1."]
    batch.refresh_from_db()
    assert (batch.status, batch.after_cancel) == ("canceling", after)
    assert batch.remote_id
    assert gateway.retrieve_batch(batch.remote_id).status == "canceling"
    assert told(act(staff, "batch", action, batch.pk)) == [
        "Left as they were: 1. Is being canceled already, and the same becomes of its jobs."
    ]
    other = {"cancel_and_queue_again", "cancel_with_jobs"} - {action}
    assert told(act(staff, "batch", *other, batch.pk)) == ["Cancellation begun: 1."]


def test_a_batch_that_anthropic_does_not_know_is_reported(
    staff: Client, emulator: Emulator
) -> None:
    batch = make_batch("submitted")
    assert told(act(staff, "batch", "cancel_with_jobs", batch.pk)) == [
        "Left as they were: 1. Anthropic did not confirm the cancellation (Refused)."
    ]


def test_a_batch_that_is_past_it_is_left(staff: Client) -> None:
    batch = make_batch("settled")
    assert told(act(staff, "batch", "cancel_with_jobs", batch.pk)) == [
        "Left as they were: 1. Only an assembled or a submitted batch can be canceled, "
        "not one that is settled."
    ]


def test_the_failed_jobs_of_a_batch_are_queued_again(staff: Client) -> None:
    batch, tenant = make_batch("settled"), make_tenant()
    make_failed_job(tenant, batch=batch)
    make_failed_job(tenant)
    make_job(tenant, batch=batch, status="completed", finished_at=LATER)
    act(staff, "batch", "retry_failed", batch.pk)
    assert statuses() == ["completed", "failed", "queued"]


def test_what_staff_do_to_jobs_stands_in_the_audits_of_their_tenants(staff: Client) -> None:
    """A line for each tenant, not for each job."""
    acme, beta = make_tenant("Acme"), make_tenant("Beta")
    jobs = [make_job(acme), make_job(acme), make_job(beta)]
    act(staff, "aijob", "cancel", *(job.pk for job in jobs))
    told = {
        entry.tenant_id: (entry.actor.partition(" ")[0], entry.action, entry.details["how many"])
        for entry in AuditEntry.objects.exclude(action__startswith="person.")
    }
    assert told == {
        acme.pk: ("staff", "jobs.canceled", "2 (AI job)"),
        beta.pk: ("staff", "jobs.canceled", "1 (AI job)"),
    }


def test_a_batch_is_told_to_all_tenants_that_share_it(staff: Client) -> None:
    acme, beta = make_tenant("Acme"), make_tenant("Beta")
    batch = make_batch("assembled", tenant_ids=[acme.pk, beta.pk])
    make_job(acme, batch=batch, status="submitted", attempts=1)
    act(staff, "batch", "cancel_and_queue_again", batch.pk)
    assert {entry.tenant_id for entry in AuditEntry.objects.filter(action="jobs.canceled")} == {
        acme.pk,
        beta.pk,
    }
