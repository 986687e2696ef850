"""What is expected of a request that somebody else wrote."""

import base64
from typing import Any

import orjson
import pytest

from aijobs import tokens
from aijobs.tokens import IMAGE_TOKENS, PAGE_TOKENS, Estimate

TWO_PAGES = b"%PDF-1.4 /Type /Pages /Type /Page\n/Type/Page>>"


def estimate(*blocks: object, **params: Any) -> Estimate:
    params |= {"messages": [{"role": "user", "content": list(blocks)}]}
    return tokens.of_params(params, orjson.dumps(params))


def source(data: bytes, media_type: str = "application/pdf") -> dict[str, Any]:
    encoded = base64.b64encode(data).decode()
    return {"type": "base64", "media_type": media_type, "data": encoded}


def test_all_of_it_is_counted() -> None:
    text = {"type": "text", "text": "Hail is covered. " * 300}
    plain = estimate(text)
    assert 1_700 <= plain.tokens <= 1_800
    assert plain.kind == "text"
    assert estimate(text, system="Be brief. " * 300).tokens > plain.tokens + 1_000
    assert estimate({"type": "text", "text": "保险" * 500}).kind == "script"


def test_files_count_as_pages_and_pictures_and_not_by_their_bytes() -> None:
    empty = estimate().tokens
    pdf = estimate({"type": "document", "source": source(TWO_PAGES + b"\0" * 90_000)})
    assert 2 * PAGE_TOKENS <= pdf.tokens <= 2 * PAGE_TOKENS + empty + 50
    assert pdf.kind == "pdf"
    image = estimate({"type": "image", "source": source(b"\x89PNG" * 100_000, "image/png")})
    assert IMAGE_TOKENS <= image.tokens <= IMAGE_TOKENS + empty + 50
    assert image.kind == "image"


def test_a_file_inside_what_a_tool_returned_counts() -> None:
    inner = {"type": "image", "source": source(b"\x89PNG", "image/png")}
    assert estimate({"type": "tool_result", "content": [inner]}).tokens > IMAGE_TOKENS


def test_a_document_that_is_text_counts_as_text() -> None:
    text = {"type": "text", "media_type": "text/plain", "data": "Hail. " * 1_000}
    found = estimate({"type": "document", "source": text})
    assert 2_000 <= found.tokens <= 2_100
    assert found.kind == "text"


def test_millions_of_pages_are_not_counted_beyond_what_any_model_takes() -> None:
    pages = {"type": "document", "source": source(b"/Type/Page " * 1_000_000)}
    assert estimate(pages).tokens == 10_000_000


@pytest.mark.parametrize(
    "block",
    [
        {"type": "document", "source": {"type": "base64", "data": "no base64!"}},
        {"type": "document", "source": {"type": "base64", "data": 5}},
        {"type": "document", "source": {"type": "file", "file_id": "f"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com"}},
        {"type": "image", "source": "nonsense"},
        {"type": ["document"]},
        "nonsense",
    ],
)
def test_whatever_stands_there_has_an_estimate(block: object) -> None:
    assert estimate(block).tokens >= 0
