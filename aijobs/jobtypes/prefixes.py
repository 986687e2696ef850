"""The beginning of a request that other requests share, and the breakpoint at its end.

A cache keeps the beginning of a prompt: all that stands before the breakpoint, byte by byte. The
order there is: the rules of the answer, the system prompt, the message.
"""

from collections.abc import Mapping
from typing import Any

# Written at twice the price of reading a prompt, and kept for an hour from its last use.
KEPT_FOR_AN_HOUR = {"type": "ephemeral", "ttl": "1h"}
# By direct calls: written at one and a quarter of that price, and kept for five minutes.
KEPT_FOR_FIVE_MINUTES = {"type": "ephemeral", "ttl": "5m"}

# Whatever differs in one of these makes another beginning.
_BEFORE_THE_MESSAGE = ("model", "thinking", "output_config", "system")


def beginning(params: Mapping[str, Any], *, shares_document: bool) -> dict[str, Any]:
    """What stands before the place of the breakpoint, as JSON data."""
    shared = {name: params[name] for name in _BEFORE_THE_MESSAGE if name in params}
    if shares_document:
        shared["content"] = params["messages"][0]["content"][:-1]
    return shared


def texts(params: Mapping[str, Any], *, shares_document: bool) -> list[str]:
    """The texts in that beginning."""
    if not shares_document:
        return [params["system"]]
    return [params["system"], *(one["text"] for one in params["messages"][0]["content"][:-1])]


def with_breakpoint(
    params: Mapping[str, Any],
    *,
    shares_document: bool,
    kept: Mapping[str, str] = KEPT_FOR_AN_HOUR,
) -> dict[str, Any]:
    """The same request, whose beginning is read from the cache, or written into it."""
    if shares_document:
        *before, last, task = params["messages"][0]["content"]
        said = [*before, last | {"cache_control": kept}, task]
        return {**params, "messages": [{"role": "user", "content": said}]}
    rules = {"type": "text", "text": params["system"], "cache_control": kept}
    return {**params, "system": [rules]}
