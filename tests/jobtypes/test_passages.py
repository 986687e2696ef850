"""Where a quotation stands in a text, to the character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs.jobtypes import Part
from aijobs.jobtypes.passages import Passages
from aijobs.jobtypes.quotes import PagedTexts


def quoted(text: str, quote: str, *, has_pages: bool = False) -> str | None:
    span = Passages(text, has_pages=has_pages).find(quote)
    return text[span.start : span.end] if span else None


@pytest.mark.parametrize(
    ("text", "quote", "found"),
    [
        ("The insured reports hail.", "reports hail", "reports hail"),
        ("The insured\n  reports   hail.", "insured reports hail.", "insured\n  reports   hail."),
        ("It says “Hail” here.", 'says "hail"', "says “Hail”"),
        ("Die Straße ist naß.", "STRASSE IST", "Straße ist"),
        ("Die Straße ist naß.", "straße", "Straße"),
        ("the end", "the end", "the end"),
        ("unbelievable", "believ", "believ"),
        ("The insured reports hail.", "nothing of it", None),
        ("The insured reports hail.", "  ", None),
        ("", "x", None),
    ],
)
def test_a_quotation_is_found_as_it_stands_there(text: str, quote: str, found: str | None) -> None:
    assert quoted(text, quote) == found


def test_a_passage_goes_on_behind_the_mark_of_a_page() -> None:
    text = "[page 1]\nThe insurer\n[page 2]\npays for hail."
    assert quoted(text, "insurer pays", has_pages=True) == "insurer\n[page 2]\npays"
    assert quoted(text, "[page 2]", has_pages=True) is None
    assert quoted(text, "[page 2]") == "[page 2]"


WORDS = st.text(st.sampled_from("aB ßſﬁİ“’\"'\n\t\u2028\u00a0x"), max_size=60)


@given(text=WORDS, start=st.integers(0, 60), length=st.integers(1, 20))
def test_what_the_check_of_quotes_finds_is_found_and_comes_to_the_same(
    text: str, start: int, length: int
) -> None:
    quote = text[start : start + length]
    span = Passages(text, has_pages=False).find(quote)
    at = PagedTexts([Part(text)]).find(quote)
    assert (span is None) == (at is None)
    if span:
        # It may begin or end within what one letter comes to, such as the "s" of "ß".
        found = text[span.start : span.end]
        assert PagedTexts([Part(found)]).find(quote) is not None
