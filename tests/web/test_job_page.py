"""A job's page, and what can be done there."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.documents import read_documents
from aijobs.models import FOR_A_PERSON, AIJob, JobAttempt
from aijobs.pipeline import accept
from citizenapp.tenants.models import Tenant
from tests.documents.mails import claim
from tests.documents.reading import read_document
from tests.factories import (
    NOW,
    make_batch,
    make_charge,
    make_job,
    make_output,
    make_tenant,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def completed(tenant: Tenant, job_type: str, result: dict[str, Any]) -> AIJob:
    job = make_job(tenant, job_type, status="completed", finished_at=NOW)
    make_output(job, result)
    return job


def page(client: Client, job: AIJob) -> str:
    response = client.get(f"/jobs/{job.pk}")
    assert response.status_code == 200
    return response.content.decode()


def test_a_summary_is_rendered(writer: Client, tenant: Tenant) -> None:
    shown = page(writer, completed(tenant, "summarize", {"summary": "**Due** <img src=x>"}))
    assert "<strong>Due</strong> &lt;img src=x&gt;" in shown


def test_the_chosen_category_stands_among_all(writer: Client, tenant: Tenant) -> None:
    shown = page(writer, completed(tenant, "classify", {"category": "home"}))
    assert "motor" in shown
    assert 'home<span class="visually-hidden"> (chosen)</span>' in shown


def test_an_analysis_is_laid_out(writer: Client, tenant: Tenant) -> None:
    result = {
        "findings": [{"title": "A limit", "detail": "It is low.", "quote": "EUR 5"}],
        "obligations": [{"who": "The insured", "what": "reports", "when": "within a day"}],
        "risks": [{"title": "A gap", "severity": "high", "detail": "<b>Wide</b>"}],
        "answers": [{"question": "Is it <i>safe</i>?", "answer": "*No*"}],
    }
    shown = page(writer, completed(tenant, "analyze", result))
    for words in ("A limit", "EUR 5", "within a day", "High", "Is it &lt;i&gt;safe", "<em>No</em>"):
        assert words in shown
    assert "<b>Wide</b>" not in shown


def test_a_document_with_markup_is_shown_as_text(writer: Client, tenant: Tenant) -> None:
    text = "</div><script>alert(1)</script>\n\ud83d \u202eevil\u2028"
    shown = page(writer, make_job(tenant, text=text))
    assert "<script>alert" not in shown
    assert "&lt;/div&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n\ufffd \u202eevil\u2028" in shown


def test_all_of_a_long_document_is_reached_part_by_part(writer: Client, tenant: Tenant) -> None:
    job = make_job(tenant, text="word " * 20_000 + "The very end.")
    first = page(writer, job)
    assert "The very end." not in first
    assert "Part 1 of 3" in first
    assert 'href="?at=1.part-2#document"' in first
    assert "The very end." in writer.get(f"/jobs/{job.pk}?at=part-3").content.decode()
    # Who asks for more than there is gets the last one.
    assert "Part 3 of 3" in writer.get(f"/jobs/{job.pk}?at=part-99").content.decode()


def test_a_failure_is_told_in_plain_words_with_its_history(writer: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="failed", finished_at=NOW)
    for number, kind in enumerate(["overloaded_error", "refusal"], 1):
        JobAttempt.objects.create(
            job=job, number=number, route="batch", error_type=kind, message="M", ended_at=NOW
        )
    shown = page(writer, job)
    assert "Claude declined to answer this document." in shown
    assert "Claude was too busy." in shown
    assert "Try again" in shown


def test_a_waiting_job_is_canceled(writer: Client, tenant: Tenant) -> None:
    job = make_job(tenant)
    response = writer.post(f"/jobs/{job.pk}/cancel", follow=True)
    assert "Canceled." in response.content.decode()
    assert AIJob.objects.get().status == "canceled"


def test_a_job_on_its_way_is_not_canceled_and_the_page_says_why(
    writer: Client, tenant: Tenant
) -> None:
    job = make_job(tenant, status="processing", route="sync")
    response = writer.post(f"/jobs/{job.pk}/cancel", follow=True)
    assert "Claude is already working on it" in response.content.decode()
    assert AIJob.objects.get().status == "processing"


def test_a_failed_job_is_queued_again(writer: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="failed", finished_at=NOW)
    assert "Queued again." in writer.post(f"/jobs/{job.pk}/retry", follow=True).content.decode()
    assert AIJob.objects.get().status == "queued"


def test_a_completed_job_is_not_done_twice(writer: Client, tenant: Tenant) -> None:
    job = completed(tenant, "summarize", {"summary": "Done."})
    response = writer.post(f"/jobs/{job.pk}/retry", follow=True)
    assert "Only failed or canceled jobs" in response.content.decode()
    assert AIJob.objects.get().status == "completed"


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_nothing_changes_by_following_a_link(writer: Client, tenant: Tenant, action: str) -> None:
    job = make_job(tenant)
    assert writer.get(f"/jobs/{job.pk}/{action}").status_code == 405


def test_nothing_changes_without_the_token_against_forgery(tenant: Tenant) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user("max", tenant))
    job = make_job(tenant)
    response = strict.post(f"/jobs/{job.pk}/cancel")
    assert response.status_code == 403
    assert "too old to be sent" in response.content.decode()
    assert AIJob.objects.get().status == "queued"


@pytest.mark.parametrize(
    ("job_type", "result", "suffix", "body"),
    [
        ("summarize", {"summary": "**Due** ü"}, "md", "**Due** ü\n"),
        ("classify", {"category": "home"}, "json", '{\n  "category": "home"\n}\n'),
    ],
)
def test_the_result_can_be_downloaded(
    writer: Client, tenant: Tenant, job_type: str, result: dict[str, Any], suffix: str, body: str
) -> None:
    job = completed(tenant, job_type, result)
    response = writer.get(f"/jobs/{job.pk}/result")
    assert response.content.decode() == body
    assert response["Content-Disposition"].endswith(f'.{suffix}"')


def test_what_has_no_result_has_no_download(writer: Client, tenant: Tenant) -> None:
    assert writer.get(f"/jobs/{make_job(tenant).pk}/result").status_code == 404


def test_the_way_of_a_job_shows_only_where_it_has_been(writer: Client, tenant: Tenant) -> None:
    job = make_job(tenant, status="canceled", finished_at=NOW + timedelta(minutes=1))
    titles = [step.title for step in writer.get(f"/jobs/{job.pk}").context["timeline"]]
    assert titles == ["Queued", "Canceled"]
    waiting = make_job(tenant)
    steps = writer.get(f"/jobs/{waiting.pk}").context["timeline"]
    assert [(step.status, step.state) for step in steps] == [
        ("queued", "current"),
        ("submitted", "ahead"),
        ("processing", "ahead"),
        ("completed", "ahead"),
    ]


def test_a_document_with_pages_is_shown_by_pages_and_findings_lead_to_them(
    writer: Client, tenant: Tenant
) -> None:
    data = (Path(__file__).parents[1] / "documents/cases/twocol.pdf").read_bytes()
    job = accept.accept_job(
        tenant,
        "analyze",
        {},
        now=NOW,
        created_by="ann",
        documents=[read_document(data, "two <columns>.pdf")],
    )
    finding = {"title": "t", "detail": "d", "quote": "q", "page": 1}
    make_output(job, {"findings": [finding], "obligations": [], "risks": []})
    AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)

    page = writer.get(f"/jobs/{job.pk}").content.decode()

    assert 'id="page-1">Page 1</span>' in page
    assert "[page 1]" not in page
    assert '<a href="?at=page-1#page-1" data-swap="document">Page 1</a>' in page
    assert "<bdi>two &lt;columns&gt;.pdf</bdi> · 1 page · " in page
    assert f'href="/api/ai/jobs/{job.pk}/document?original=true"' in page


def test_a_file_that_goes_as_it_is_says_so_with_its_reasons(writer: Client, tenant: Tenant) -> None:
    data = (Path(__file__).parents[1] / "documents/cases/mixed.pdf").read_bytes()
    job = accept.accept_job(
        tenant,
        "summarize",
        {},
        now=NOW,
        created_by="ann",
        documents=[read_document(data, "mixed.pdf")],
    )

    page = writer.get(f"/jobs/{job.pk}").content.decode()

    assert "Claude gets this file as it is" in page
    assert "Pages 2–4 have no text that can be read (a scan?)." in page


def test_each_of_several_documents_is_shown_with_its_text_and_warnings(
    writer: Client, tenant: Tenant
) -> None:
    job = accept.accept_job(
        tenant,
        "analyze",
        {},
        now=NOW,
        created_by="ann",
        documents=read_documents(claim(), "claim.eml"),
    )
    findings = [
        {"title": "t", "detail": "d", "quote": "q", "document": 2, "page": 3},
        {"title": "t", "detail": "d", "quote": "q", "document": 3, "page": None},
        {"title": "t", "detail": "d", "quote": "q", "document": None, "page": None},
    ]
    make_output(job, {"findings": findings, "obligations": [], "risks": []})
    AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)

    texts = [
        "The insured must report the loss.",
        "Pages 2–4 have no text that can be read (a scan?).",
        "The insurer pays for hail damage within 30 days.",
        "An image holds no text that can be read.",
    ]
    for number, said in enumerate(texts, 1):
        page = writer.get(f"/jobs/{job.pk}?at={number}.part-1").content.decode()
        assert f'id="document-title">Document {number} of 4</h2>' in page
        assert said in page
        assert ("Claude gets this file as it is" in page) == (number in (2, 4))
        others = [one for one in range(1, 5) if one != number]
        assert all(f'href="?at={one}.part-1#document"' in page for one in others)
    assert f'href="/api/ai/jobs/{job.pk}/document?original=true&amp;number=4"' in page
    assert '<a href="?at=2.page-3#page-3" data-swap="document">' in page
    assert "<bdi>Policy &lt;7&gt;.pdf</bdi>, page 3</a>" in page
    assert '<a href="?at=3.part-1#document" data-swap="document"><bdi>terms.docx</bdi></a>' in page


def test_the_only_document_is_not_numbered(writer: Client, tenant: Tenant) -> None:
    assert ">Document</h2>" in page(writer, make_job(tenant))


def test_a_cost_that_is_an_estimate_says_so(writer: Client, tenant: Tenant) -> None:
    job = completed(tenant, "summarize", {"summary": "A fox."})
    make_charge(job)
    assert "estimate" not in page(writer, job)
    make_charge(job, is_estimated=True)
    assert "Partly an estimate" in page(writer, job)


def test_a_job_under_way_says_when_it_is_expected_and_why_it_goes_its_road(
    writer: Client, tenant: Tenant
) -> None:
    job = make_job(tenant, now=timezone.now())
    shown = page(writer, job)
    said = r"Expected <span .*?><time .*?</time> at the earliest, probably </span><time .*?</time>"
    assert re.search(said, shown)
    assert "Needed by" not in shown
    assert "It goes out with the next batch." in shown
    assert "By batch, at half the price, since nothing says when it is needed." in shown


def test_a_deadline_is_named_and_that_it_may_be_missed(writer: Client, tenant: Tenant) -> None:
    now = timezone.now()
    in_time = make_job(tenant, now=now, needed_by=now + timedelta(days=3))
    shown = page(writer, in_time)
    assert re.search(r"Needed by <time [^>]*>[^<]*</time>\.", shown)
    assert "it may be late" not in shown
    Tenant.objects.filter(pk=tenant.pk).update(full_price=False)
    late = make_job(tenant, now=now, needed_by=now + timedelta(seconds=30))
    assert re.search(r"Needed by <time [^>]*>[^<]*</time>: it may be late\.", page(writer, late))


def test_what_is_wanted_at_once_has_no_deadline_to_name(writer: Client, tenant: Tenant) -> None:
    now = timezone.now()
    assert "Needed by" not in page(writer, make_job(tenant, now=now, needed_by=now, route="sync"))


def test_a_job_that_is_late_says_why(writer: Client, tenant: Tenant) -> None:
    now = timezone.now()
    batch = make_batch("canceling", canceling_at=now, rescued_at=now, submitted_at=now)
    shown = page(writer, make_job(tenant, status="submitted", batch=batch))
    assert "Until it has ended, nothing is run again, since it may still be answered." in shown
    assert "at the earliest" not in shown


def test_a_job_that_is_held_does_not_promise_the_next_batch(writer: Client, tenant: Tenant) -> None:
    shown = page(writer, make_job(tenant, not_before=FOR_A_PERSON))
    assert "wait for somebody to decide" in shown
    assert "next batch" not in shown
