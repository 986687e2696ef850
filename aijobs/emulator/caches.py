"""The prompt cache, as it was measured in batches.

Requests of one batch never read what another of them wrote. What a batch wrote is there for those
created after its end, and until the time of its breakpoint has passed since it was last used. What
a direct call wrote, only some requests of a batch find.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from . import attachments

# https://platform.claude.com/docs/en/build-with-claude/prompt-caching, "Cache limitations".
MINIMUM_TOKENS = {"haiku-4-5": 4_096, "opus-4-5": 4_096, "opus-4-6": 4_096, "opus-4-7": 2_048}
MINIMUM_BEFORE_5, MINIMUM = 1_024, 512
LIFETIMES = {"5m": 300.0, "1h": 3_600.0}
# Of the requests of a batch, so many in a hundred find what a direct call has written.
FIND_A_DIRECT_CALL = 16

_SHARED = ("model", "tools", "thinking", "output_config")


class Breakpoint(NamedTuple):
    """The end of a beginning that is to be cached: whose digest, of how many tokens, how long."""

    digest: str
    tokens: int
    ttl: str


class Found(NamedTuple):
    """Which beginnings of one request are in the cache."""

    by_batch: bool
    by_direct_call: bool


class Use(NamedTuple):
    """What one request read from the cache, and wrote into it, in tokens."""

    read: int = 0
    written: int = 0
    ttl: str = "5m"
    digests: tuple[str, ...] = ()
    """What is in the cache from then on."""


NOT_USED = Use()
Find = Callable[[str], Found]
Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Reader:
    """Says what a request makes of the cache. `find` looks a digest up."""

    find: Find
    in_batch: bool

    def use(self, params: Mapping[str, Any], message_id: str, count: Count) -> Use:
        """What a request reads and writes; the same each time. `count` counts tokens."""
        wanted = list(breakpoints(params, count))
        if not wanted:
            return NOT_USED
        read = next((one.tokens for one in reversed(wanted) if self._is_there(one, message_id)), 0)
        last = wanted[-1]
        digests = tuple(one.digest for one in wanted)
        return Use(read, last.tokens - read, last.ttl, digests)

    def _is_there(self, one: Breakpoint, message_id: str) -> bool:
        found = self.find(one.digest)
        if found.by_batch or (found.by_direct_call and not self.in_batch):
            return True
        chance = int(hashlib.sha256(message_id.encode()).hexdigest(), 16) % 100
        return found.by_direct_call and chance < FIND_A_DIRECT_CALL


def no_cache(_digest: str) -> Found:
    return Found(by_batch=False, by_direct_call=False)


EMPTY = Reader(no_cache, in_batch=True)


def breakpoints(params: Mapping[str, Any], count: Count) -> Iterator[Breakpoint]:
    """Those whose beginnings are long enough, from the shortest on."""
    if not any("cache_control" in block for _, block in _blocks(params)):
        return
    digest = hashlib.sha256(orjson.dumps([params.get(name) for name in _SHARED]))
    least = minimum_tokens(params["model"])
    length = 0
    for role, block in _blocks(params):
        mark = block.get("cache_control")
        plain = {name: value for name, value in block.items() if name != "cache_control"}
        digest.update(orjson.dumps([role, plain]))
        length += _tokens(block, count)
        if mark and length >= least:
            yield Breakpoint(digest.hexdigest(), length, mark.get("ttl", "5m"))


def minimum_tokens(model: str) -> int:
    """What is shorter is not cached."""
    for name, least in MINIMUM_TOKENS.items():
        if name in model:
            return least
    is_old = "-4-" in model or model.endswith("sonnet-5")
    return MINIMUM_BEFORE_5 if is_old else MINIMUM


def _blocks(params: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    contents = [("system", params.get("system", ""))]
    contents += [(message["role"], message["content"]) for message in params["messages"]]
    for role, content in contents:
        if not isinstance(content, str):
            yield from ((role, block) for block in content)
        elif content:
            yield role, {"type": "text", "text": content}


def _tokens(block: Mapping[str, Any], count: Count) -> int:
    if block["type"] == "text":
        return count(block["text"])
    if attachments.is_attached(block):
        return attachments.tokens_of(block) + count(attachments.text_of(block))
    return 0
