"""A Messages request as a program wrote it: sent unchanged, and its answer kept whole.

Nothing of it is checked here. Anthropic says what is wrong with it, in its own words, and does not
charge for that.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import orjson
from pydantic import ConfigDict
from typing_extensions import override

from .base import MAX_OUTPUT_TOKENS, JobType, JobTypeInput, JobTypeOutput

# What may be the name of a model; what else stands there is Anthropic's to refuse.
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,98}")


class RawInput(JobTypeInput):
    """Its document is the JSON of the params."""

    @cached_property
    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = orjson.loads(self.parts[0].text)
        return params


class RawOutput(JobTypeOutput):
    """The message, with all that Anthropic gave it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: str
    type: str
    role: str
    model: str
    content: list[dict[str, Any]]
    stop_reason: str | None
    usage: dict[str, Any]


def text_of(message: Mapping[str, Any]) -> str:
    """What Claude wrote in it for people: its blocks of text, joined."""
    content = message.get("content")
    blocks = [one for one in content if isinstance(one, dict)] if isinstance(content, list) else []
    texts = (block.get("text") for block in blocks if block.get("type") == "text")
    return "".join(text for text in texts if isinstance(text, str))


class Raw(JobType[RawInput]):
    name = "raw"
    title = "Message"
    description = "A request of the Messages API, as a program wrote it."
    model = ""
    passes_on = True
    Input = RawInput
    Output = RawOutput

    @override
    def max_tokens(self, given: RawInput) -> int:
        most = given.params.get("max_tokens")
        return min(max(most, 0), MAX_OUTPUT_TOKENS) if type(most) is int else 0

    @override
    def params(self, given: RawInput, *, max_tokens_factor: int = 1) -> dict[str, Any]:
        return given.params

    @override
    def own_model(self, given: RawInput) -> str:
        model = given.params.get("model")
        return model if isinstance(model, str) and _MODEL.fullmatch(model) else ""

    @override
    def request(
        self, given: RawInput, *, model: str = "", max_tokens_factor: int = 1
    ) -> dict[str, Any]:
        return given.params

    @property
    @override
    def columns(self) -> list[str]:
        return ["text", "stop_reason"]

    @override
    def cells(self, result: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"text": text_of(result), "stop_reason": result.get("stop_reason")}

    @override
    def read(self, given: RawInput, text: str) -> dict[str, Any]:
        raise NotImplementedError("Its answer is kept as a message.")
