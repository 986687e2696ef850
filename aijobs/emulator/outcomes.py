"""What becomes of one request: an answer composed from its document, or what its document orders.

A document orders an outcome by a mark: `[[emulate:refusal]]`. With `*2` behind the outcome, the
mark holds for the first two times that this document is sent, and the next mark after that.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from aijobs.wire.errors import default_message, invalid

from . import attachments, tokenizer
from .caches import EMPTY, LIFETIMES, NOT_USED, Reader, Use
from .documents import Document, summarize
from .prices import NOTHING, Used
from .structured import NOTE, Composer

SUCCEEDED, ERRORED, CANCELED, EXPIRED = "succeeded", "errored", "canceled", "expired"

_MARK = re.compile(r"\[\[emulate:(?P<outcome>[a-z_]+(?::[a-z_]+)?)(?:\*(?P<times>\d+))?\]\]")
_OPENED, _CLOSED = re.compile(r"<document\b[^>]*>"), "</document>"
_WORD_LIMIT = re.compile(r"at most (\d+) words|(\d+) words or (?:fewer|less)", re.I)
_ASKED = re.compile(r"^(\w+): (.+)$", re.M)
_STOP_REASONS = frozenset({"max_tokens", "pause_turn", "model_context_window_exceeded"})
_DEFAULT_WORDS = 150
_LOW_CREDIT = "low_credit"

CountAttempt = Callable[[str], int]
"""Given a document's digest, how many times it has been sent, this time included."""


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """The `result` of a row, and what it is billed with."""

    type: str
    result: dict[str, Any]
    input_tokens: int = 0
    output_tokens: int = 0
    model: str = ""
    used: Used = NOTHING
    cache: Use = NOT_USED


@dataclass(slots=True)
class _Answer:
    text: str
    stop_reason: str = "end_turn"
    stop_sequence: str | None = None
    says_usage: bool = True
    blocks: list[dict[str, Any]] = field(default_factory=list)


def loads(line: bytes | str) -> Any:
    """Parse JSON; lone surrogates, which no tokenizer could read, become U+FFFD."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _well_formed(json.loads(line))


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object in a request's body; ApiError 400 if it is none."""
    try:
        value = loads(data)
    except ValueError:
        raise invalid("The request body is not valid JSON") from None
    if not isinstance(value, dict):
        raise invalid("The request body is not a JSON object")
    return value


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_well_formed(item) for item in value]
    if isinstance(value, dict):
        return {_well_formed(key): _well_formed(item) for key, item in value.items()}
    return value


def decide(
    params: Mapping[str, Any],
    message_id: str,
    *,
    batch: bool,
    count_attempt: CountAttempt,
    cache: Reader = EMPTY,
) -> RequestOutcome:
    """The outcome of one request; the same input, and cache, give the same outcome.

    The parameters are valid. Outside a batch nothing expires and nothing is canceled: such marks
    are passed over.
    """
    system, said = "\n".join(_strings(params.get("system", ""))), _user_text(params)
    document, instructions = _parted(said)
    order = _order(document, count_attempt)
    if order.startswith("errored:"):
        return _ordered_error(order.removeprefix("errored:"))
    if order in {CANCELED, EXPIRED} and batch:
        return RequestOutcome(order, {"type": order})
    answer = _answer(params, Document(document), f"{system}\n{instructions}", order)
    answer.says_usage = order != "no_usage"
    read = tokenizer.count(f"{system}\n{said}") + _attached_tokens(params)
    use = cache.use(params, message_id, tokenizer.count)
    return _succeeded(params, message_id, answer, read, use, batch=batch)


def errored(error_type: str, message: str = "") -> RequestOutcome:
    """An errored row, with the error nested as deep as the API nests it."""
    error = {"type": error_type, "message": message or default_message(error_type)}
    return RequestOutcome(
        ERRORED,
        {"type": ERRORED, "error": {"type": "error", "error": error, "request_id": None}},
    )


def _ordered_error(error_type: str) -> RequestOutcome:
    if error_type == _LOW_CREDIT:
        return errored("invalid_request_error", default_message("billing_error"))
    return errored(error_type)


def _user_text(params: Mapping[str, Any]) -> str:
    messages = params["messages"]
    return "\n".join(text for message in messages for text in _strings(message["content"]))


def _strings(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    else:
        for block in content:
            if block["type"] == "text":
                yield block["text"]
            elif attachments.is_attached(block):
                yield f"<document>\n{attachments.text_of(block)}\n</document>"


def _attached_tokens(params: Mapping[str, Any]) -> int:
    contents = (message["content"] for message in params["messages"])
    blocks = (block for content in contents if isinstance(content, list) for block in content)
    return sum(map(attachments.tokens_of, filter(attachments.is_attached, blocks)))


def _parted(text: str) -> tuple[str, str]:
    """The documents between their tags, and what surrounds them; without tags, the text is both."""
    opened, end = _OPENED.search(text), text.rfind(_CLOSED)
    if not opened or end < opened.end():
        return text, text
    documents = _OPENED.sub("", text[opened.end() : end]).replace(_CLOSED, "")
    return documents, f"{text[: opened.start()]}\n{text[end + len(_CLOSED) :]}"


def _order(document: str, count_attempt: CountAttempt) -> str:
    marks = list(_MARK.finditer(document)) if "[[emulate:" in document else []
    if not any(mark["times"] for mark in marks):
        return marks[0]["outcome"] if marks else ""
    attempt = count_attempt(hashlib.sha256(document.encode()).hexdigest())
    for mark in marks:
        if not mark["times"] or attempt <= int(mark["times"]):
            return str(mark["outcome"])
        attempt -= int(mark["times"])
    return ""


def _answer(
    params: Mapping[str, Any], document: Document, instructions: str, order: str
) -> _Answer:
    if order in {"refusal", "empty"}:
        return _Answer("", stop_reason="refusal" if order == "refusal" else "end_turn")
    document = Document(_MARK.sub("", document.text))
    wanted = (params.get("output_config") or {}).get("format")
    if wanted:
        asked = dict(_ASKED.findall(instructions))
        value = Composer(wanted["schema"], document, asked).compose()
        text = orjson.dumps(_spoiled(value) if order == "wrong_category" else value).decode()
        if order == "invalid_json":
            text = text[:-1] + ",}"
    else:
        limit = _WORD_LIMIT.search(instructions)
        words = int(limit[1] or limit[2]) if limit else _DEFAULT_WORDS
        text = f"{summarize(document, words)}\n\n{NOTE}"
    answer = _cut(_Answer(text), params)
    if order in _STOP_REASONS:
        answer.text, answer.stop_reason = answer.text[: len(answer.text) // 2], order
    if order == "extra_blocks":
        answer.blocks = _extra_blocks(answer.text)
    return answer


def _spoiled(value: object) -> object:
    if isinstance(value, dict):
        return {key: _spoiled(item) for key, item in value.items()}
    return "a category that nobody asked for" if isinstance(value, str) else value


def _cut(answer: _Answer, params: Mapping[str, Any]) -> _Answer:
    for sequence in params.get("stop_sequences") or ():
        place = answer.text.find(sequence)
        if place >= 0:
            answer.text = answer.text[:place]
            answer.stop_reason, answer.stop_sequence = "stop_sequence", sequence
    whole, answer.text = answer.text, tokenizer.cut(answer.text, params["max_tokens"])
    if answer.text != whole:
        answer.stop_reason, answer.stop_sequence = "max_tokens", None
    return answer


def _extra_blocks(text: str) -> list[dict[str, Any]]:
    """The text in two blocks behind a thinking block, as real answers may come."""
    half = len(text) // 2
    thinking = {"type": "thinking", "thinking": NOTE, "signature": "ZW11bGF0ZWQ="}
    return [thinking, _text_block(text[:half]), _text_block(text[half:])]


def _text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "citations": None}


def _succeeded(
    params: Mapping[str, Any],
    message_id: str,
    answer: _Answer,
    prompt_tokens: int,
    cache: Use,
    *,
    batch: bool,
) -> RequestOutcome:
    # The parts of a prompt may have a token more than the whole.
    input_tokens = max(0, prompt_tokens - cache.read - cache.written)
    output_tokens = tokenizer.count(answer.text)
    refusal = {"type": "refusal", "category": None, "explanation": None}
    message = {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": answer.blocks or ([_text_block(answer.text)] if answer.text else []),
        "stop_reason": answer.stop_reason,
        "stop_sequence": answer.stop_sequence,
        "stop_details": refusal if answer.stop_reason == "refusal" else None,
        "container": None,
        "diagnostics": None,
        "usage": {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cache_creation": {
                f"ephemeral_{ttl}_input_tokens": cache.written if ttl == cache.ttl else 0
                for ttl in LIFETIMES
            },
            "cache_creation_input_tokens": cache.written,
            "cache_read_input_tokens": cache.read,
            "inference_geo": None,
            "output_tokens_details": {"thinking_tokens": 0},
            "server_tool_use": None,
            "service_tier": "batch" if batch else "standard",
            "speed": "standard",
        },
    }
    used = Used.of(message["usage"])
    if not answer.says_usage:
        # It is billed like any other: what was used stands in the books alone.
        del message["usage"]
    return RequestOutcome(
        SUCCEEDED,
        {"type": SUCCEEDED, "message": message},
        input_tokens,
        output_tokens,
        params["model"],
        used,
        cache,
    )
