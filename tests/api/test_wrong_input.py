"""Input that is wrong: a clear 4xx with the field named, and nothing half-stored."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfWriter

from aijobs.models import AIJob, IdempotencyKey
from tests.api.conftest import Caller

TEXT = "A text."
MANY = [f"category {number}" for number in range(101)]


@pytest.fixture(autouse=True)
def _nothing_is_stored(db: None) -> Any:
    yield
    assert not AIJob.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("summarize", {}, "document_text"),
        ("summarize", {"document_text": ""}, "document_text"),
        ("summarize", {"document_text": " \n "}, "document_text"),
        ("summarize", {"document_text": "x" * 600_001}, "document_text"),
        ("summarize", {"document_text": 7}, "document_text"),
        ("summarize", {"document_text": "a\0b"}, "document_text"),
        ("summarize", {"document_text": TEXT, "max_length": "500"}, "max_length"),
        ("summarize", {"document_text": TEXT, "max_length": True}, "max_length"),
        ("summarize", {"document_text": TEXT, "max_length": 9}, "max_length"),
        ("summarize", {"document_text": TEXT, "lenght": 9}, "lenght"),
        ("summarize", {"document_text": TEXT, "needed_within": True}, "needed_within"),
        ("summarize", {"document_text": TEXT, "needed_within": -1}, "needed_within"),
        ("summarize", {"document_text": TEXT, "needed_within": "soon"}, "needed_within"),
        ("classify", {"text": TEXT, "categories": MANY}, "categories"),
        ("classify", {"text": TEXT, "categories": ["one"]}, "categories"),
        ("classify", {"text": TEXT, "categories": ["motor", "Motor "]}, "categories"),
        ("classify", {"text": TEXT, "categories": ["motor", ""]}, "categories.1"),
        ("classify", {"text": TEXT, "categories": "motor"}, "categories"),
        ("analyze", {"policy_text": TEXT, "questions": [1]}, "questions.0"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    caller: Caller, path: str, body: dict[str, Any], field: str
) -> None:
    response = caller.send(path, body, headers={"Idempotency-Key": "k"})

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert list(response.json()["errors"]) == [field]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b" ", "empty"),
        (b'{"document_text": "a"', "line 1, column 22"),
        (b'{\n"document_text": secret}', "line 2, column 18"),
        (b"[1]", "object"),
        (b'"text"', "object"),
        (b'{"document_text": "a", "document_text": "b"}', "twice"),
        (b'{"document_text": NaN}', "number"),
        (b'{"needed_within": -Infinity}', "number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "digits"),
        (b"[" * 100_000, "deep"),
        (b'{"document_text": "\xff"}', "byte 20"),
    ],
)
def test_what_is_not_a_json_object_is_told_without_quoting_it(
    caller: Caller, body: bytes, says: str
) -> None:
    response = caller.send("summarize", body)

    assert response.status_code == 400
    assert says in response.json()["detail"]
    assert b"secret" not in response.content


def test_a_number_beyond_all_numbers_is_no_deadline(caller: Caller) -> None:
    response = caller.send("summarize", b'{"document_text": "a", "needed_within": 1e999}')

    assert list(response.json()["errors"]) == ["needed_within"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_media_type_is_415_and_says_what_to_send(caller: Caller, content_type: str) -> None:
    response = caller.post("/api/ai/summarize", b"document_text=a", content_type=content_type)

    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]


def blank_pdf() -> bytes:
    writer, file = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("scan.pdf", blank_pdf(), "text"),
        ("broken.pdf", b"no pdf at all", ".pdf"),
        ("photo.png", b"\x89PNG\r\n", ".docx"),
        ("empty.txt", b"", "no text"),
        ("blank.txt", b"  \n", "no text"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_of_the_document(
    caller: Caller, name: str, content: bytes, says: str
) -> None:
    response = caller.upload("summarize", document=SimpleUploadedFile(name, content, ""))

    assert response.status_code == 400, response.content
    assert says in response.json()["errors"]["document"][0]


def test_a_file_and_a_text_at_once_are_one_too_many(caller: Caller) -> None:
    response = caller.upload(
        "summarize", document=SimpleUploadedFile("a.txt", b"a"), document_text="b"
    )

    assert list(response.json()["errors"]) == ["document"]


def test_a_file_in_an_unknown_field_is_named(caller: Caller) -> None:
    response = caller.upload("summarize", attachment=SimpleUploadedFile("a.txt", b"a"))

    assert list(response.json()["errors"]) == ["attachment"]


def test_of_several_files_the_bad_one_is_named_by_its_number(caller: Caller) -> None:
    files = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.zip", b"PK\x03\x04")]

    (said,) = caller.upload("summarize", document=files).json()["errors"]["document"]

    assert said.startswith("File 2: This kind of file cannot be read.")


def test_fifty_files_make_a_job_and_no_more(caller: Caller) -> None:
    files = [SimpleUploadedFile(f"{n}.txt", b"a") for n in range(51)]

    response = caller.upload("summarize", document=files)

    assert response.json()["errors"] == {"document": ["At most 50 files make one job."]}


def test_a_file_over_the_limit_is_413_with_the_limit(caller: Caller) -> None:
    response = caller.upload(
        "summarize", document=SimpleUploadedFile("long.txt", b"a" * 10_000_001)
    )

    assert response.status_code == 413
    assert "10 MB" in response.json()["errors"]["document"][0]


@pytest.mark.parametrize(
    ("content_type", "limit"),
    [("application/json", "64 MB"), ("multipart/form-data; boundary=x", "11 MB")],
)
def test_a_body_of_100_mb_is_refused_before_it_is_read(
    caller: Caller, content_type: str, limit: str
) -> None:
    # The body that is announced is not there: who reads it gets an error.
    response = caller.generic(
        "POST",
        "/api/ai/summarize",
        b"{}",
        content_type=content_type,
        headers={"Content-Length": "100000000"},
    )

    assert response.status_code == 413
    assert limit in response.json()["detail"]


def test_a_body_that_does_not_say_its_length_is_411(caller: Caller) -> None:
    response = caller.generic("POST", "/api/ai/summarize", headers={"Transfer-Encoding": "chunked"})

    assert response.status_code == 411


def test_a_form_that_is_none_is_an_error(caller: Caller) -> None:
    response = caller.post("/api/ai/summarize", b"what is this", content_type="multipart/form-data")

    assert response.status_code == 400
