"""The answers hold for the job types that ask for them."""

from typing import Any

import pytest

from aijobs import jobtypes
from aijobs.emulator.outcomes import decide
from aijobs.emulator.structured import NOTE
from aijobs.emulator.validation import validate
from tests.emulator.requests import LEASE


def emulated(job_type: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The result of a job whose request the emulator answered."""
    kind = jobtypes.get(job_type)
    given = kind.validate(payload)
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
