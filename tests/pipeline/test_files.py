"""PDFs and images on their way: the line in the batch, the direct call, the answer."""

import base64
from io import BytesIO
from typing import Any

import orjson
import pytest

from aijobs.documents import read_document
from aijobs.jobtypes import InvalidInput
from aijobs.models import AIJob, Batch, new_nonce
from aijobs.pipeline import accept, assemble, dispatch
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


def test_a_request_that_is_too_large_for_the_api_is_refused() -> None:
    document = read_document(case("mixed.pdf"), "mixed.pdf")
    with pytest.raises(InvalidInput, match="32 MB"):
        accept.accept_job(
            make_tenant(), "summarize", {}, now=NOW, created_by="ann", documents=[document] * 4_000
        )
