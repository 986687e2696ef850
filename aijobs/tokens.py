"""How many tokens a request will have, as far as that can be told without asking the API.

The estimate is a plain measure of what is sent. Quotes multiply it by what its like turned out to
be (`aijobs/quotes/`); until there are such answers, it is rather too high than too low.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import orjson

from aijobs.jobtypes.parts import PDF, Part

Kind = Literal["text", "script", "pdf", "image"]
KINDS = get_args(Kind)

# A page of a PDF that is sent as it is costs its text, 1,500 to 3,000 tokens, and its picture:
# https://platform.claude.com/docs/en/build-with-claude/pdf-support.
PAGE_TOKENS = 3_000
# The most that an image costs, once it is scaled down to what the model takes: an image has a
# token for about 750 pixels, https://platform.claude.com/docs/en/build-with-claude/vision.
IMAGE_TOKENS = 4_784
# Where only the file itself says how many pages a PDF has, and not in plain sight.
_BYTES_PER_PAGE = 100_000
_PAGE = re.compile(rb"/Type\s*/Page\b")
# Of a PDF that is named, and not sent along, nobody here knows the pages.
_UNSEEN_PAGES = 10
# No model takes a tenth of it. A request may name millions of pages, to be refused by Anthropic.
_MOST_TOKENS = 10_000_000
# English takes some three characters for a token with the present tokenizer, Chinese one.
_BYTES_PER_TOKEN = 3
# Of a text in a Latin alphabet, hardly a fifth of the letters take two bytes.
_LATIN = 1.2


class Estimate(NamedTuple):
    """What a request will have, and which kind of document most of it is.

    "text" is text in a Latin alphabet, and "script" in any other.
    """

    tokens: int
    kind: Kind


def of_text(text: str) -> int:
    """A token for three bytes of UTF-8."""
    return -(-_bytes_of(text) // _BYTES_PER_TOKEN)


def of_file(part: Part) -> int:
    """The tokens of a PDF or an image that is sent as it is."""
    return PAGE_TOKENS * (part.pages or 1) if part.media_type == PDF else IMAGE_TOKENS


def of_request(params: Mapping[str, Any], parts: Sequence[Part]) -> Estimate:
    """The tokens of the prompt of a Messages request about these documents."""
    texts = sum(of_text(text) for text in _texts(params))
    form = params.get("output_config")
    rules = -(-len(orjson.dumps(form)) // _BYTES_PER_TOKEN) if form else 0
    files = [part for part in parts if part.is_file]
    attached = sum(map(of_file, files))
    if attached > texts:
        kind: Kind = "pdf" if any(part.media_type == PDF for part in files) else "image"
    else:
        kind = "text" if all(_is_latin(part.text) for part in parts) else "script"
    return Estimate(texts + rules + attached, kind)


def of_params(params: Mapping[str, Any], request: bytes) -> Estimate:
    """The tokens of the prompt of a Messages request as somebody wrote it; `request` is its JSON.

    All of it is counted but for files, which are a picture, or pages of one each.
    """
    pages, images, encoded = 0, 0, 0
    for block in _attached(params):
        source = block["source"]
        data = source.get("data")
        is_sent = isinstance(data, str) and source.get("type") == "base64"
        if source.get("type") == "text":
            continue
        encoded += len(data) if is_sent else 0
        if block["type"] == "image":
            images += 1
        else:
            pages += _pages_of(data) if is_sent else _UNSEEN_PAGES
    texts = max(0, len(request) - encoded) // _BYTES_PER_TOKEN
    attached = pages * PAGE_TOKENS + images * IMAGE_TOKENS
    tokens = min(texts + attached, _MOST_TOKENS)
    if attached > texts:
        return Estimate(tokens, "pdf" if pages else "image")
    return Estimate(tokens, "text" if _is_latin(request.decode()) else "script")


def _attached(value: object) -> Iterator[Mapping[str, Any]]:
    """Blocks with a file, wherever they stand: what a tool returns may hold some."""
    if isinstance(value, dict):
        if value.get("type") in ("document", "image") and isinstance(value.get("source"), dict):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict | list):
                yield from _attached(one)


def _pages_of(encoded: str) -> int:
    """Of a PDF in base64; 0 where it is none, which Anthropic refuses free of charge."""
    try:
        data = base64.b64decode(encoded)
    except (binascii.Error, ValueError):
        return 0
    return max(1, len(_PAGE.findall(data)), len(data) // _BYTES_PER_PAGE)


def _texts(params: Mapping[str, Any]) -> Iterable[str]:
    for content in (params.get("system", ""), *(one["content"] for one in params["messages"])):
        if isinstance(content, str):
            yield content
        else:
            yield from (block["text"] for block in content if block["type"] == "text")


def _is_latin(text: str) -> bool:
    return text.isascii() or _bytes_of(text) <= _LATIN * len(text)


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
