"""Whether it pays to let one job of a collection go first, so that the others read the cache.

Requests of one batch never read what another of them writes: measured, 0 % of 138 requests, and
each write cost more. After a batch of one request had ended, all the others read it. So one job
goes first, writes what all share at twice the price, and the others read it at a tenth or less.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from aijobs import pricing
from aijobs.jobtypes import prefixes
from aijobs.pricing import Rates, Usage

# What is shorter is not cached, and nothing says so: "Cache limitations" in
# https://platform.claude.com/docs/en/build-with-claude/prompt-caching, as of October 2026.
MINIMUM_TOKENS = {
    "claude-haiku-5-5": 512,
    "claude-opus-5": 512,
    "claude-opus-5-5": 512,
    "claude-sonnet-5-5": 512,
    "claude-opus-4-8": 1_024,
    "claude-sonnet-4-5": 1_024,
    "claude-sonnet-4-6": 1_024,
    "claude-sonnet-5": 1_024,
    "claude-opus-4-7": 2_048,
    "claude-haiku-4-5": 4_096,
    "claude-opus-4-5": 4_096,
    "claude-opus-4-6": 4_096,
}
# The longest of them, for a model that is not in the list.
LONGEST_MINIMUM = 4_096

# A token for four bytes is rather too few: a beginning that was just too short would be waited for
# in vain, and a saving that was told must come true.
BYTES_PER_TOKEN = 4

# The cache lasts an hour from its last use. Anthropic may take its time to begin with a batch, and
# the body of one may take minutes to send.
KEPT = timedelta(minutes=60)
MARGIN = timedelta(minutes=10)


class Prefix(NamedTuple):
    """A beginning that is long enough to be cached: which one, and its tokens, at least."""

    sha256: bytes
    tokens: int


class Plan(NamedTuple):
    """What `rows` requests with one beginning pay for it, and what they save together."""

    without_usd: Decimal
    saving_usd: Decimal


@lru_cache(maxsize=100)
def minimum_tokens(model: str) -> int:
    """How long the beginning of a prompt must be for the cache. Dated names have their model's."""
    return MINIMUM_TOKENS.get(re.sub(r"-\d{8}$", "", model), LONGEST_MINIMUM)


def prefix_of(params: Mapping[str, Any], *, shares_document: bool) -> Prefix | None:
    """The beginning of a request; None where it is too short to be cached."""
    texts = prefixes.texts(params, shares_document=shares_document)
    tokens = sum(map(_bytes_of, texts)) // BYTES_PER_TOKEN
    if tokens < minimum_tokens(params["model"]):
        return None
    shared = prefixes.beginning(params, shares_document=shares_document)
    return Prefix(hashlib.sha256(orjson.dumps(shared)).digest(), tokens)


def saved(rates: Rates, *, read: int, written: int) -> Decimal:
    """What so many cached tokens saved, against paying each of them in full; may be a loss."""
    gained = read * (rates.input - rates.cache_read)
    return gained - written * (rates.cache_write_1h - rates.input)


def plan(model: str, rows: int, prefix_tokens: int, prompt_tokens: int, *, on: date) -> Plan | None:
    """What it would save if one of `rows` requests wrote its beginning, and the others read it.

    `prompt_tokens` are those of a whole prompt, on which the price may depend. None where the
    model has no price on that day.
    """
    try:
        rates = pricing.batch_rates(model, max(prompt_tokens, prefix_tokens), on=on)
    except LookupError:
        return None
    return Plan(
        rows * prefix_tokens * rates.input,
        saved(rates, read=(rows - 1) * prefix_tokens, written=prefix_tokens),
    )


def pays_at_once(model: str, prefix_tokens: int, *, on: date) -> bool:
    """Whether two direct calls cost less when one writes their beginning and the other reads it.

    For five minutes. False where the model has no price on that day.
    """

    def cost(usage: Usage) -> Decimal:
        return pricing.charge(model, usage, batch=False, on=on).cost_usd

    try:
        written = cost(Usage(0, 0, cache_write_5m_tokens=prefix_tokens))
        read = cost(Usage(0, 0, cache_read_input_tokens=prefix_tokens))
        return written + read < 2 * cost(Usage(prefix_tokens, 0))
    except LookupError:
        return False


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
