"""POST summarize, classify, analyze."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aijobs.models import AIJob
from tests.api.conftest import Caller
from tests.factories import CATEGORIES

TEXT = "The insurer pays within thirty days."
BODIES: dict[str, dict[str, Any]] = {
    "summarize": {"document_text": TEXT},
    "classify": {"text": TEXT, "categories": CATEGORIES},
    "analyze": {"policy_text": TEXT, "questions": ["Who pays?"]},
}


@pytest.mark.parametrize("job_type", BODIES)
def test_a_post_queues_one_job(caller: Caller, job_type: str) -> None:
    response = caller.send(job_type, BODIES[job_type])

    assert response.status_code == 202
    job = AIJob.objects.get()
    assert response.json() == {
        "job_id": str(job.pk),
        "status": "queued",
        "answered_by": None,
        "message": "Queued for the next batch, at half the price.",
    }
    assert (job.tenant, job.job_type, job.route) == (caller.tenant, job_type, "batch")
    assert job.documents.get().text == TEXT


def test_what_is_needed_now_goes_at_once(caller: Caller) -> None:
    response = caller.send("summarize", BODIES["summarize"] | {"needed_within": 0})

    assert response.json()["message"] == "Queued to run at once, at full price."
    assert AIJob.objects.get().route == "sync"


def test_a_document_is_read_from_an_uploaded_file(caller: Caller) -> None:
    response = caller.upload(
        "classify",
        document=SimpleUploadedFile("terms.txt", TEXT.encode()),
        categories=CATEGORIES,
        needed_within="3600",
    )

    assert response.status_code == 202, response.content
    job = AIJob.objects.get()
    assert (job.documents.get().text, job.input.source_name) == (TEXT, "terms.txt")
    assert job.input.options == {"categories": CATEGORIES}
    assert job.needed_by is not None


def test_a_form_may_hold_the_text_and_a_list_in_one_field(caller: Caller) -> None:
    response = caller.upload("classify", text=TEXT, categories="motor; home")

    assert response.status_code == 202, response.content
    assert AIJob.objects.get().input.options == {"categories": ["motor", "home"]}


@pytest.mark.parametrize(
    "text",
    [
        "half \ud800 a pair",
        "🦊 emoji",
        "שלום עולם",
        "line\u2028separator",
        "<script>alert(1)</script>",
    ],
)
def test_every_character_passes_through_unharmed(caller: Caller, text: str) -> None:
    assert caller.send("summarize", {"document_text": text}).status_code == 202

    assert AIJob.objects.get().documents.get().text == text
