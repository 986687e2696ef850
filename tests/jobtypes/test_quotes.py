"""A quotation is found on its page, whatever its white space and marks look like."""

from hypothesis import given
from hypothesis import strategies as st

from aijobs.jobtypes import Part
from aijobs.jobtypes.quotes import PagedTexts, Place

PAGED = Part("[page 1]\nThe insurer pays for hail.\n\n[page 2]\nNot for “storm”.", pages=2)
WORDS = st.lists(st.sampled_from(["hail", "storm", "pays", "not", "7"]), min_size=1, max_size=8)


def page_of(quote: str, *parts: Part) -> object:
    found = PagedTexts(parts).find(quote)
    return None if found is None else ("page", found.page)


def test_it_stands_where_it_begins() -> None:
    assert page_of("the insurer  PAYS\nfor hail", PAGED) == ("page", 1)
    assert page_of('not for "storm"', PAGED) == ("page", 2)
    assert page_of("hail. Not for", PAGED) == ("page", 1)


def test_what_does_not_stand_there_is_not_found() -> None:
    assert page_of("pays for storm", PAGED) is None
    assert page_of("", PAGED) is None
    assert page_of("[page 2]", PAGED) is None


def test_a_text_without_pages_has_none() -> None:
    assert page_of("[page 2] hail", Part("[page 2]\nhail")) == ("page", None)


def test_a_file_may_hold_what_its_text_lacks() -> None:
    assert not PagedTexts([PAGED]).may_hold(0)
    texts = PagedTexts([PAGED, Part("", "image/png", is_file=True)])
    assert [texts.may_hold(number) for number in (0, 1, 2)] == [True, False, True]


def test_a_quotation_is_looked_for_in_each_document_and_does_not_reach_over_two() -> None:
    texts = PagedTexts([Part("We pay for hail."), PAGED, Part("The insurer pays for hail.")])
    assert texts.find("the insurer pays for hail") == Place(2, 1)
    assert texts.find("the insurer pays for hail", first=3) == Place(3, None)
    assert texts.find("we pay for hail", first=2) == Place(1, None)
    assert texts.find("for storm. The insurer") is None


def test_a_place_that_somebody_names_holds_as_far_as_there_is_one() -> None:
    texts = PagedTexts([Part("", pages=3, is_file=True), Part("text")])
    assert texts.possible(1, 3) == Place(1, 3)
    assert texts.possible(1, 4) == Place(1, None)
    assert texts.possible(2, 1) == Place(2, None)
    assert texts.possible(7, 1) == Place(0, 1)


@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_each_word_is_found_on_the_first_page_that_has_it(
    pages: list[list[str]], data: st.DataObject
) -> None:
    text = "\n".join(f"[page {n}]\n{' '.join(words)}" for n, words in enumerate(pages, 1))
    number = data.draw(st.integers(1, len(pages)))
    sentence = " ".join(pages[number - 1])
    found = PagedTexts([Part(text, pages=len(pages))]).find(sentence)
    assert found is not None
    assert found.page is not None
    assert found.page <= number
