"""PDFs and images on their way: the line in the batch, the direct call, the answer."""

import base64
from io import BytesIO
from typing import Any

import orjson
import pytest

from aijobs.documents import read_documents
from aijobs.jobtypes import InvalidInput
from aijobs.models import AIJob, Batch, new_nonce
from aijobs.pipeline import accept, assemble, dispatch
from tests.documents.reading import read_document
from tests.documents.test_images import png
from tests.documents.test_pdf_pages import case
from tests.factories import NOW, make_tenant

pytestmark = pytest.mark.django_db


def queued(name: str, data: bytes, job_type: str = "summarize", **raw: Any) -> AIJob:
    return accept.accept_job(
        make_tenant(),
        job_type,
        raw,
        now=NOW,
        created_by="ann",
        documents=[read_document(data, name)],
    )


def lines_of_the_batch() -> list[dict[str, Any]]:
    assemble.assemble_one(NOW)
    body = BytesIO()
    dispatch.write_body(Batch.objects.get(), new_nonce(), body)
    requests: list[dict[str, Any]] = orjson.loads(body.getvalue())["requests"]
    return requests


def test_a_pdf_that_cannot_be_read_is_in_its_line_in_base64() -> None:
    job = queued("mixed.pdf", case("mixed.pdf"))
    (line,) = lines_of_the_batch()
    document, task = line["params"]["messages"][0]["content"]
    assert document["type"] == "document"
    assert base64.b64decode(document["source"]["data"]) == case("mixed.pdf")
    assert task["type"] == "text"
    assert len(orjson.dumps(line)) <= job.request_bytes


def test_a_text_between_files_is_sent_as_text() -> None:
    queued("a.png", png())
    queued("a.txt", b"Hail is covered.")
    contents = [line["params"]["messages"][0]["content"] for line in lines_of_the_batch()]
    assert [type(content) for content in contents] == [list, str]
    assert contents[0][0]["source"] == {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(png()).decode(),
    }


def test_all_documents_of_a_job_are_in_its_line_in_their_order() -> None:
    documents = [
        *read_documents(case("mixed.pdf"), "C:\\scans\\mixed.pdf"),
        *read_documents(b"Hail is covered.", 'terms "new".txt'),
        *read_documents(png(), "damage.png"),
    ]
    job = accept.accept_job(
        make_tenant(), "summarize", {}, now=NOW, created_by="ann", documents=documents
    )
    (line,) = lines_of_the_batch()
    blocks = line["params"]["messages"][0]["content"]
    assert [block["type"] for block in blocks] == [
        *("text", "document", "text"),
        "text",
        *("text", "image", "text"),
        "text",
    ]
    assert blocks[0]["text"] == '<document number="1" name="mixed.pdf">'
    assert blocks[3]["text"].startswith('<document number="2" name="terms &quot;new&quot;.txt">')
    files = [base64.b64decode(blocks[at]["source"]["data"]) for at in (1, 5)]
    assert files == [case("mixed.pdf"), png()]
    # What a batch may hold is counted by all of them.
    assert len(orjson.dumps(line)) <= job.request_bytes < len(orjson.dumps(line)) + 250
    given = job.kind.load({}, [one.part for one in job.documents.order_by("number")])
    assert job.kind.params(given)["messages"] == line["params"]["messages"]


@pytest.mark.parametrize(
    ("name", "data", "count", "says"),
    [
        ("mixed.pdf", case("mixed.pdf"), 151, "604 pages; at most 600"),
        ("a.png", png(), 601, "601 images; at most 600"),
        ("a.png", png(2_001, 3), 21, "one with 2,001 pixels a side"),
    ],
)
def test_what_the_api_would_refuse_together_is_refused_with_the_number(
    name: str, data: bytes, count: int, says: str
) -> None:
    documents = [read_document(data, name)] * count
    with pytest.raises(InvalidInput, match=says):
        accept.accept_job(
            make_tenant(), "summarize", {}, now=NOW, created_by="ann", documents=documents
        )


def test_a_request_that_is_too_large_for_the_api_is_refused() -> None:
    document = read_document(case("mixed.pdf"), "mixed.pdf")
    with pytest.raises(InvalidInput, match="32 MB"):
        accept.accept_job(
            make_tenant(), "summarize", {}, now=NOW, created_by="ann", documents=[document] * 4_000
        )
