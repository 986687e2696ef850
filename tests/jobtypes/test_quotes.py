"""A quotation is found on its page, whatever its white space and marks look like."""

from hypothesis import given
from hypothesis import strategies as st

from aijobs.jobtypes import Part
from aijobs.jobtypes.quotes import PagedText

PAGED = Part("[page 1]\nThe insurer pays for hail.\n\n[page 2]\nNot for “storm”.", pages=2)
WORDS = st.lists(st.sampled_from(["hail", "storm", "pays", "not", "7"]), min_size=1, max_size=8)


def page_of(quote: str, *parts: Part) -> object:
    found = PagedText(parts).find(quote)
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
    assert PagedText([PAGED]).is_whole
    assert not PagedText([PAGED, Part("", "image/png", is_file=True)]).is_whole


@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_each_word_is_found_on_the_first_page_that_has_it(
    pages: list[list[str]], data: st.DataObject
) -> None:
    text = "\n".join(f"[page {n}]\n{' '.join(words)}" for n, words in enumerate(pages, 1))
    number = data.draw(st.integers(1, len(pages)))
    sentence = " ".join(pages[number - 1])
    found = PagedText([Part(text, pages=len(pages))]).find(sentence)
    assert found is not None
    assert found.page is not None
    assert found.page <= number
