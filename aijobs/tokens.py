"""How many tokens a request will have, as far as that can be told without asking the API.

The estimate is a plain measure of what is sent. Quotes multiply it by what its like turned out to
be (`aijobs/quotes/`); until there are such answers, it is rather too high than too low.
"""

from collections.abc import Iterable, Mapping, Sequence
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
