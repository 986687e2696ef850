"""A document in, a summary of at most so many words out."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from typing_extensions import override

from .base import (
    InvalidInput,
    InvalidOutput,
    JobType,
    JobTypeInput,
    JobTypeOutput,
    WholeNumber,
)
from .text import storable

_SYSTEM = """\
You write summaries that busy professionals rely on instead of the document.

Say first what the document is and what it settles. Then give what matters most to a reader who \
has to act on it: parties, obligations, amounts, dates, conditions. Keep names, figures and \
defined terms exactly as the document has them. Add nothing that it does not say, and leave out \
opinions on it. Write in the language of the document, in plain prose; use Markdown lists only \
where the document itself enumerates. Answer with the summary alone, without a preamble."""


class SummarizeInput(JobTypeInput):
    max_length: WholeNumber = Field(
        500, ge=10, le=5_000, description="Words in the summary, at most."
    )


class SummarizeOutput(JobTypeOutput):
    summary: str = Field(description="Plain text or Markdown.")


class Summarize(JobType[SummarizeInput]):
    name = "summarize"
    title = "Summary"
    description = "Summarizes a document in at most the number of words you set."
    model = "claude-haiku-5-5"
    writes_text = True
    Input = SummarizeInput
    Output = SummarizeOutput

    @override
    def max_tokens(self, given: SummarizeInput) -> int:
        # A word takes up to three tokens outside English; the rest is room for headings.
        return 3 * given.max_length + 256

    @override
    def params(self, given: SummarizeInput, *, max_tokens_factor: int = 1) -> dict[str, Any]:
        return self._request(
            given,
            max_tokens_factor,
            system=_SYSTEM,
            options=f"Write at most {given.max_length} words.",
            task="Summarize this document.",
        ) | {"thinking": {"type": "disabled"}}

    @override
    def corrected(self, given: SummarizeInput, result: Mapping[str, Any]) -> dict[str, Any]:
        checked = super().corrected(given, result)
        if not checked["summary"].strip():
            raise InvalidInput({"summary": ["Must not be empty."]})
        return checked

    @override
    def read(self, given: SummarizeInput, text: str) -> dict[str, Any]:
        summary = storable(text).strip()
        if not summary:
            raise InvalidOutput("The answer is empty.")
        return {"summary": summary}
