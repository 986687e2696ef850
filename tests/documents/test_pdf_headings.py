"""Lines in large type are headings where the page has text in smaller type beside them."""

import pytest

from .pdf_files import line, one_page
from .test_pdf_layout import text_of

BODY = b"".join(
    line(f"Line {number} of the terms says what is paid for and what not.", 72, 600 - 14 * number)
    for number in range(8)
)


def first_line(*drawn: bytes) -> str:
    return text_of(one_page(*drawn, BODY)).partition("\n")[0]


@pytest.mark.parametrize(
    ("size", "shown"),
    [(22, "# Storm and hail"), (13, "## Storm and hail"), (11, "Storm and hail")],
)
def test_a_line_in_larger_type_is_a_heading(size: float, shown: str) -> None:
    assert first_line(line("Storm and hail", 72, 640, size)) == shown


def test_a_heading_of_two_lines_is_one() -> None:
    drawn = line("Storm, hail", 72, 660, 16), line("and flood", 72, 642, 16)
    assert first_line(*drawn) == "# Storm, hail and flood"


@pytest.mark.parametrize("text", ["EUR 12,500.00", "7", "Total"])
def test_sums_in_large_type_and_words_beside_smaller_ones_are_none(text: str) -> None:
    small = line("in all", 200, 640, 10)
    assert not first_line(line(text, 72, 640, 20), small).startswith("#")
    assert first_line(line(text, 72, 640, 20)).startswith("#") == (text == "Total")


def test_a_page_of_large_type_has_no_headings() -> None:
    drawn = line("READ THE TERMS", 72, 640, 30), line("before you sign", 72, 600, 20)
    assert "#" not in text_of(one_page(*drawn))
