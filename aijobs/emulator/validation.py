"""What the API finds wrong in the parameters of a message."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aijobs.wire.errors import invalid

from . import attachments
from .caches import LIFETIMES
from .structured import Schema, referenced

_KNOWN_NAMES = (
    "cache_control container context_management diagnostics inference_geo max_tokens mcp_servers "
    "messages metadata model output_config service_tier speed stop_sequences stream system "
    "temperature thinking tool_choice tools top_k top_p user_profile_id workspace_id"
)
_KNOWN = frozenset(_KNOWN_NAMES.split())
_MODEL = re.compile(r"claude-[a-z0-9.-]+")
_REFUSED_NAMES = (
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength maxItems "
    "uniqueItems patternProperties minProperties maxProperties prefixItems contains not if"
)
_REFUSED_KEYWORDS = frozenset(_REFUSED_NAMES.split())
_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max", None})


def validate(params: Mapping[str, Any], *, batch: bool) -> None:
    """Raise the API's 400 `invalid_request_error`, which names the field.

    `batch` adds what is refused in batches only.
    """
    _top_level(params)
    _sampling(params)
    _messages(params)
    if "system" in params:
        _content(params["system"], "system")
    _output_config(params)
    if batch and params.get("speed"):
        raise invalid("speed: Fast mode is not supported in batches")
    if batch and params.get("stream"):
        raise invalid("stream: Streaming is not supported in batches")


def _top_level(params: Mapping[str, Any]) -> None:
    for key in params:
        if key not in _KNOWN:
            raise invalid(f"{key[:64]}: Extra inputs are not permitted")
    for key in ("model", "max_tokens", "messages"):
        if key not in params:
            raise invalid(f"{key}: Field required")
    if not isinstance(params["model"], str) or not params["model"]:
        raise invalid("model: Input should be a valid string")
    if not _MODEL.fullmatch(params["model"]):
        raise invalid(f"model: {params['model'][:64]}")
    if type(params["max_tokens"]) is not int:
        raise invalid("max_tokens: Input should be a valid integer")
    if params["max_tokens"] < 1:
        raise invalid("max_tokens: Input should be greater than or equal to 1")


def _sampling(params: Mapping[str, Any]) -> None:
    for key in ("temperature", "top_p", "top_k"):
        if params.get(key) is not None:
            raise invalid(f"{key}: This parameter is not supported by this model")
    choice = params.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in {"any", "tool"}:
        raise invalid("tool_choice: Forced tool use is not supported by this model")


def _messages(params: Mapping[str, Any]) -> None:
    messages = params["messages"]
    if not isinstance(messages, list):
        raise invalid("messages: Input should be a valid list")
    if not messages:
        raise invalid("messages: at least one message is required")
    for position, message in enumerate(messages):
        where = f"messages.{position}"
        if not isinstance(message, dict):
            raise invalid(f"{where}: Input should be a valid dictionary")
        if message.get("role") not in {"user", "assistant"}:
            raise invalid(f"{where}.role: Input should be 'user' or 'assistant'")
        _content(message.get("content"), f"{where}.content")
    contents = [message["content"] for message in messages if isinstance(message["content"], list)]
    blocks = (block for content in contents for block in content)
    attachments.check_all(list(filter(attachments.is_attached, blocks)))
    if messages[-1]["role"] != "user":
        raise invalid("This model does not support assistant message prefill.")


def _content(content: object, where: str) -> None:
    if isinstance(content, str):
        if not content and where != "system":
            raise invalid(f"{where}: user messages must have non-empty content")
        return
    if not isinstance(content, list):
        raise invalid(f"{where}: Input should be a valid string or a list of blocks")
    for position, block in enumerate(content):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise invalid(f"{where}.{position}.type: Field required")
        if attachments.is_attached(block):
            attachments.check(block, f"{where}.{position}")
        _cache_control(block, f"{where}.{position}")
        text = block.get("text")
        if block["type"] == "text" and not (isinstance(text, str) and text.strip()):
            raise invalid(f"{where}.{position}: text content blocks must be non-empty")
    if not content:
        raise invalid(f"{where}: user messages must have non-empty content")


def _cache_control(block: Mapping[str, Any], where: str) -> None:
    mark = block.get("cache_control")
    if mark is None:
        return
    if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
        raise invalid(f"{where}.cache_control.type: Input should be 'ephemeral'")
    if mark.get("ttl", "5m") not in LIFETIMES:
        raise invalid(f"{where}.cache_control.ttl: Input should be '5m' or '1h'")


def _output_config(params: Mapping[str, Any]) -> None:
    config = params.get("output_config")
    if config is None:
        return
    if not isinstance(config, dict):
        raise invalid("output_config: Input should be a valid dictionary")
    if config.get("effort") not in _EFFORTS:
        raise invalid("output_config.effort: Input should be low, medium, high, xhigh or max")
    wanted = config.get("format")
    if wanted is None:
        return
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise invalid("output_config.format.type: Input should be 'json_schema'")
    schema = wanted.get("schema")
    if not isinstance(schema, dict):
        raise invalid("output_config.format.schema: Input should be a valid dictionary")
    _supported(schema, "output_config.format.schema", schema, frozenset())


def _supported(schema: object, path: str, root: Schema, references: frozenset[str]) -> None:
    """Refuse what structured outputs do not support."""
    if not isinstance(schema, dict):
        raise invalid(f"{path}: Input should be a valid dictionary")
    keyword = min(_REFUSED_KEYWORDS.intersection(schema), default=None)
    if keyword:
        raise invalid(f"{path}: Property '{keyword}' is not supported")
    if schema.get("minItems", 0) not in {0, 1}:
        raise invalid(f"{path}: 'minItems' values other than 0 or 1 are not supported")
    is_object = schema.get("type") == "object" or "properties" in schema
    if is_object and schema.get("additionalProperties") is not False:
        raise invalid(
            f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )
    if "$ref" in schema:
        reference = str(schema["$ref"])
        if reference in references:
            raise invalid(f"{path}: Recursive schemas are not supported")
        try:
            target = referenced(root, reference)
        except (KeyError, TypeError, ValueError):
            raise invalid(f"{path}: '$ref' names nothing in this schema") from None
        _supported(target, path, root, references | {reference})
    for inner, inner_path in _inner(schema, path):
        _supported(inner, inner_path, root, references)


def _inner(schema: Schema, path: str) -> Iterable[tuple[object, str]]:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        yield properties, f"{path}.properties"
        return
    for key, value in properties.items():
        yield value, f"{path}.properties.{key}"
    for group in ("anyOf", "oneOf", "allOf"):
        options = schema.get(group, [])
        for position, value in enumerate(options if isinstance(options, list) else [options]):
            yield value, f"{path}.{group}.{position}"
    if "items" in schema:
        yield schema["items"], f"{path}.items"
