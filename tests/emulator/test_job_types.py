"""The answers hold for the job types that ask for them."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from aijobs import jobtypes
from aijobs.emulator.outcomes import decide
from aijobs.emulator.structured import NOTE
from aijobs.emulator.validation import validate
from aijobs.jobtypes import Part
from aijobs.wire.errors import ApiError
from tests.documents.pdf_files import CASES
from tests.documents.test_images import png
from tests.emulator.requests import LEASE


def emulated(job_type: str, payload: dict[str, Any], parts: Sequence[Part] = ()) -> dict[str, Any]:
    """The result of a job whose request the emulator answered."""
    kind = jobtypes.get(job_type)
    given = kind.validate(payload, parts)
    params = kind.params(given)
    validate(params, batch=True)
    outcome = decide(params, "msg_emulated_1", batch=True, count_attempt=lambda _: 1)
    message = outcome.result["message"]
    assert message["stop_reason"] == "end_turn"
    return kind.read(given, "".join(block["text"] for block in message["content"]))


@pytest.mark.parametrize("document", [LEASE, "x", "...", "# Title\n\n- one\n- two\n", "字" * 500])
def test_every_job_type_can_read_its_answer(document: str) -> None:
    assert emulated("summarize", {"document_text": document})["summary"].endswith(NOTE)
    assert emulated("classify", {"text": document, "categories": ["lease", "other"]})["category"]
    analysis = emulated(
        "analyze", {"policy_text": document, "questions": ["Who pays the rent?", "And why?"]}
    )
    assert [it["question"] for it in analysis["answers"]] == ["Who pays the rent?", "And why?"]


def test_a_quotation_in_an_analysis_survives_the_check_against_the_policy() -> None:
    findings = emulated("analyze", {"policy_text": LEASE})["findings"]
    assert findings
    assert all(finding["quote"] for finding in findings)


def several() -> list[Part]:
    scan = base64.b64encode((CASES / "mixed.pdf").read_bytes()).decode()
    return [
        Part(LEASE, "message/rfc822", name="mail.eml"),
        Part("", "application/pdf", 4, is_file=True, data=scan, name="scan.pdf"),
        Part("", "image/png", is_file=True, data=base64.b64encode(png()).decode(), name="a.png"),
        Part("The deposit shall be returned within 30 days.", name="terms.txt"),
    ]


def test_several_documents_are_read_as_one() -> None:
    parts = several()
    assert emulated("summarize", {}, parts)["summary"].endswith(NOTE)
    assert emulated("classify", {"categories": ["lease", "other"]}, parts)["category"] == "lease"
    result = emulated("analyze", {}, parts)
    found = [
        (parts[one["document"] - 1], one["quote"]) for one in result["findings"] if one["document"]
    ]
    assert any(not part.is_file for part, _ in found)
    assert all(part.is_file or quote in part.text for part, quote in found)


@pytest.mark.parametrize(("at", "count", "says"), [(1, 151, "PDF pages"), (2, 601, "images")])
def test_what_is_too_much_for_a_request_is_refused_as_the_api_does(
    at: int, count: int, says: str
) -> None:
    kind = jobtypes.get("summarize")
    params = kind.params(kind.validate({}, [several()[at]] * count))
    with pytest.raises(ApiError, match=says):
        validate(params, batch=True)
