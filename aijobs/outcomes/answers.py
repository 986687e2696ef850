"""What a message means for its job: a result, or a failure with its reason."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from aijobs import jobtypes, tokens
from aijobs.jobtypes import InvalidOutput, JobType, JobTypeInput
from aijobs.models import BlockReason, CircuitBreaker
from aijobs.pricing import Usage

# The account is at fault, and not the request: of a row whose batch was accepted, a bad key or a
# missing permission cannot be.
ACCOUNT_BLOCKED_IN_ROWS = frozenset(
    {BlockReason.BILLING, BlockReason.LOW_CREDIT, BlockReason.ON_HOLD, BlockReason.SPEND_LIMIT}
)

STOPPED = {
    "max_tokens": "The answer was cut off: it is longer than it may be.",
    "refusal": "Claude declined to answer.",
    "model_context_window_exceeded": "Document and answer do not fit into the model's context.",
}


class Billed(NamedTuple):
    """What Anthropic charges for: a message, whatever it is worth to us.

    Where it does not say what was used, `usage` is an estimate. What was written is estimated by
    the answer itself; while `lacks_prompt`, what was read is not in it yet.
    """

    model: str
    stop_reason: str
    usage: Usage
    is_estimated: bool = False
    lacks_prompt: bool = False

    def with_prompt(self, prompt_tokens: int) -> "Billed":
        """The same, for a prompt that is estimated to have so many tokens."""
        cached = self.usage.prompt_tokens - self.usage.input_tokens
        usage = self.usage._replace(input_tokens=max(0, prompt_tokens - cached))
        return self._replace(usage=usage, lacks_prompt=False)


class Success(NamedTuple):
    result: dict[str, Any]
    billed: Billed


class Failure(NamedTuple):
    """`error_type` is Anthropic's, or one of ours: refusal, max_tokens, invalid_output, …"""

    error_type: str
    message: str
    billed: Billed | None = None
    wait: timedelta | None = None
    """For how long Anthropic wants to be left alone; None: as long as the table of retries says."""


Outcome = Success | Failure


def of_message(kind: JobType, given: JobTypeInput, message: Mapping[str, Any]) -> Outcome:
    """Read a message of the Messages API, as a batch row or a direct answer holds it.

    `given` may lack the document where the job type does not read it. Raises whatever comes of it
    when the message is none that the API describes.
    """
    billed = _billed(message)
    if kind.passes_on:
        return Success(dict(message), billed)
    stop_reason = billed.stop_reason
    if stop_reason not in {"end_turn", "stop_sequence"}:
        # Refusals and cut-offs arrive as succeeded rows; they are billed all the same.
        reason = STOPPED.get(stop_reason, "Claude stopped in a way that no job type expects.")
        error_type = stop_reason if stop_reason in STOPPED else "unexpected_stop"
        return Failure(error_type, reason, billed)
    # Content may hold blocks of many types, or none: only text is an answer.
    text = "".join(
        block["text"] for block in message.get("content") or () if block.get("type") == "text"
    )
    try:
        return Success(kind.read(given, text), billed)
    except InvalidOutput as error:
        return Failure("invalid_output", str(error), billed)


def of_direct_answer(kind: JobType, given: JobTypeInput, message: Mapping[str, Any]) -> Outcome:
    """Read a message that exists only here: one that cannot be read is charged for all the same."""
    billed = None
    try:
        billed = _billed(message)
        return of_message(kind, given, message)
    except Exception as error:
        # Its own message may quote the answer.
        why = f"The answer is none that the API describes ({type(error).__name__})."
        return Failure("unreadable_answer", why, billed)


def of_row(job_type: str, given: JobTypeInput, result: Mapping[str, Any]) -> Outcome:
    """Read the `result` of one row of a batch's results. Raises as `of_message` does."""
    match result.get("type"):
        case "succeeded":
            return of_message(jobtypes.get(job_type), given, result["message"])
        case "errored":
            return _of_error((result.get("error") or {}).get("error") or {})
        case "expired":
            return Failure("expired", "Anthropic did not get to it within 24 hours.")
        case "canceled":
            return Failure("canceled", "Its batch was canceled before it was processed.")
        case other:
            return Failure("unknown_result", f"Anthropic answered with the unknown type {other}.")


def _billed(message: Mapping[str, Any]) -> Billed:
    told = message.get("usage") or {}
    usage = Usage.from_api(told)
    lacks_prompt, lacks_answer = (
        told.get(field) is None for field in ("input_tokens", "output_tokens")
    )
    if lacks_answer:
        usage = usage._replace(output_tokens=tokens.of_text(_written(message.get("content"))))
    return Billed(
        model=str(message.get("model", "")),
        stop_reason=str(message.get("stop_reason")),
        usage=usage,
        is_estimated=lacks_prompt or lacks_answer,
        lacks_prompt=lacks_prompt,
    )


def _written(content: object) -> str:
    """All text that a model wrote, its thinking as well, as far as it can be read."""
    blocks = content if isinstance(content, list) else []
    texts = (
        block.get(field)
        for block in blocks
        if isinstance(block, Mapping)
        for field in ("thinking", "text")
    )
    return "".join(text for text in texts if isinstance(text, str))


def _of_error(error: Mapping[str, Any]) -> Failure:
    kind, message = str(error.get("type") or "api_error"), str(error.get("message") or "")[:1_000]
    code = str((error.get("details") or {}).get("error_code") or "")
    reason = CircuitBreaker.reason_of(kind, code, message)
    return Failure(str(reason) if reason in ACCOUNT_BLOCKED_IN_ROWS else kind, message)
