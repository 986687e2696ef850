"""How many tokens a request will have, told from what is in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs import jobtypes, tokens
from aijobs.jobtypes import Part

PDF = Part("", "application/pdf", pages=12, is_file=True, data="JVBERi0=" * 10_000)
IMAGE = Part("", "image/png", is_file=True, data="iVBOR" * 10_000)


def estimate(*parts: Part, **options: Any) -> tokens.Estimate:
    kind = jobtypes.get("summarize")
    request = kind.load({"max_length": 100} | options, parts)
    return tokens.of_request(kind.params(request), request.parts)


FRAME = estimate(Part("")).tokens


@pytest.mark.parametrize(
    ("text", "counted"), [("", 0), ("a", 1), ("abc", 1), ("abcd", 2), ("文書", 2), ("\ud800", 1)]
)
def test_a_text_has_a_token_for_three_bytes(text: str, counted: int) -> None:
    assert tokens.of_text(text) == counted


def test_a_pdf_as_it_is_is_counted_by_its_pages_and_not_by_its_bytes() -> None:
    found = estimate(PDF)
    assert found.kind == "pdf"
    assert 12 * tokens.PAGE_TOKENS < found.tokens < 12 * tokens.PAGE_TOKENS + FRAME + 10


def test_an_image_is_counted_by_the_most_that_one_costs() -> None:
    found = estimate(IMAGE)
    assert found.kind == "image"
    assert tokens.IMAGE_TOKENS < found.tokens < tokens.IMAGE_TOKENS + FRAME + 10


def test_the_text_of_a_pdf_that_is_sent_as_text_is_counted_as_text() -> None:
    read = Part("Hail is covered. " * 300, "application/pdf", pages=12)
    assert estimate(read).kind == "text"
    assert estimate(read).tokens < tokens.PAGE_TOKENS


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Der Versicherer zahlt für Schäden", "text"),
        ("Страховщик оплачивает ущерб", "script"),
        ("保険会社は損害を補償する", "script"),
        ("تغطي الوثيقة أضرار البرد", "script"),
    ],
)
def test_the_alphabet_of_a_text_is_told(text: str, kind: str) -> None:
    assert estimate(Part(text)).kind == kind


def test_the_categories_are_counted_where_the_answer_is_bound_to_them() -> None:
    kind = jobtypes.get("classify")

    def counted(categories: list[str]) -> int:
        request = kind.load({"categories": categories}, [Part("A claim.")])
        return tokens.of_request(kind.params(request), request.parts).tokens

    few, many = counted(["hail", "fire"]), counted([f"category {n}" for n in range(100)])
    assert many > few + 2 * 100 * 3


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_has_no_fewer_tokens(text: str, more: str) -> None:
    assert estimate(Part(text + more)).tokens >= estimate(Part(text)).tokens
