"""One job is checked, priced by size and stored whole, or refused with the fields named."""

import hashlib
import math
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aijobs.checks import MODEL_NAME_BYTES
from aijobs.documents import of_text
from aijobs.jobtypes import InvalidInput, UnknownJobType
from aijobs.jobtypes.base import MAX_DOCUMENT_CHARS
from aijobs.models import AIJob, Claim, IdempotencyKey, JobInput, Question
from aijobs.pipeline import accept
from tests.factories import CATEGORIES, NOW, make_tenant
from tests.pipeline.steps import TEXT

pytestmark = pytest.mark.django_db


def accept_one(raw: object, job_type: str = "summarize", **more: object) -> AIJob:
    return accept.accept_job(make_tenant(), job_type, raw, now=NOW, created_by="ann", **more)  # type: ignore[arg-type]


def test_a_job_is_queued_with_its_input_beside_it() -> None:
    job = accept_one({"max_length": 40}, documents=[replace(of_text(TEXT), name="C:\\docs\\a.pdf")])
    assert (job.status, job.route, job.attempts) == ("queued", "batch", 0)
    assert (job.created_at, job.not_before, job.needed_by) == (NOW, NOW, None)
    given = JobInput.objects.get()
    assert given.options == {"max_length": 40}
    assert (given.source_name, given.created_by) == ("a.pdf", "ann")
    stored = job.documents.get()
    assert (stored.number, stored.name, stored.text, stored.characters) == (
        1,
        "a.pdf",
        TEXT,
        len(TEXT),
    )
    assert (stored.size, stored.read_as, stored.original) == (len(TEXT.encode()), "text", None)
    assert bytes(stored.sha256) == hashlib.sha256(TEXT.encode()).digest()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit_usd", [None, 1])
@pytest.mark.parametrize("repeat_days", [0, 30])
def test_a_new_job_opens_no_transaction(limit_usd: int | None, repeat_days: int) -> None:
    tenant = make_tenant(limit_usd=limit_usd, repeat_days=repeat_days)
    with CaptureQueriesContext(connection) as asked:
        accept.accept_job(
            tenant,
            "summarize",
            {"document_text": TEXT},
            now=NOW,
            created_by="ann",
            claim=Claim("key", "0" * 64),
        )
    stored = [one["sql"] for one in asked.captured_queries if "tokenratio" not in one["sql"]]
    assert "BEGIN" not in stored
    assert len(stored) == 1 + bool(limit_usd) + bool(repeat_days)
    assert AIJob.objects.count() == IdempotencyKey.objects.count() == 1
    assert Question.objects.count() == (1 if repeat_days else 0)


@pytest.mark.parametrize(
    ("within", "route"), [(None, "batch"), (0, "sync"), (0.5, "batch"), (86_400, "batch")]
)
def test_the_wish_for_speed_decides_the_route(within: float | None, route: str) -> None:
    job = accept_one({"document_text": TEXT}, needed_within=within)
    assert job.route == route
    assert job.needed_by == (None if within is None else NOW + timedelta(seconds=within))


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({}, "document_text"),
        ({"document_text": " \n"}, "document_text"),
        ({"document_text": "a\0b"}, "document_text"),
        ({"document_text": 7}, "document_text"),
        ({"document_text": "x" * (MAX_DOCUMENT_CHARS + 1)}, "document_text"),
        ({"document_text": TEXT, "max_length": "40"}, "max_length"),
        ({"document_text": TEXT, "max_length": 0}, "max_length"),
        ({"document_text": TEXT, "color": "red"}, "color"),
        ([], "non_field_errors"),
    ],
)
def test_input_that_is_wrong_is_refused_with_its_field(raw: object, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        accept_one(raw)
    assert list(refused.value.errors) == [field]
    assert not AIJob.objects.exists()


@pytest.mark.parametrize("within", [-1, math.nan, math.inf, True, "soon", "60", 10**9, [1]])
def test_a_deadline_that_is_none_is_refused(within: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        accept_one({"document_text": ""}, needed_within=within)
    # Both errors at once: nobody likes to be sent back twice.
    assert set(refused.value.errors) == {"document_text", "needed_within"}


def test_forms_and_tables_hold_numbers_and_lists_as_text() -> None:
    raw = {"text": TEXT, "categories": "motor; home; travel"}
    job = accept_one(raw, "classify", needed_within="60", lenient=True)
    assert job.needed_by == NOW + timedelta(minutes=1)
    assert job.input.options == {"categories": CATEGORIES}


def test_an_unknown_job_type_is_refused() -> None:
    with pytest.raises(UnknownJobType):
        accept_one({}, "translate")


@pytest.mark.parametrize("text", ["cut off \ud83d", "a\u2028b", "\u202eعربي", "👩‍👩‍👧", "<b>&amp;"])
def test_hard_text_is_stored_unharmed(text: str) -> None:
    job = accept_one({"document_text": text})
    assert AIJob.objects.get(pk=job.pk).documents.get().text == text


def test_its_line_in_a_batch_is_never_longer_than_said() -> None:
    job = accept_one({"document_text": "\ud800\x01\u2028é" * 1_000})
    kind = job.kind
    given = kind.load(job.input.options, [job.documents.get().part])
    # While it waits, the setting may come to name a model with a longer name.
    longest = kind.params(given, max_tokens_factor=2) | {"model": "m" * MODEL_NAME_BYTES}
    line = orjson.dumps({"custom_id": "x" * 64, "params": longest}) + b","
    assert len(line) <= job.request_bytes


def test_a_name_of_a_file_is_stored_without_what_no_name_should_hold() -> None:
    name = "../x/\ud800re\0port\n.pdf" + "g" * 300
    job = accept_one({}, documents=[replace(of_text(TEXT), name=name)])
    assert job.input.source_name.startswith("?report.pdfggg")
    assert len(job.input.source_name) == 255
