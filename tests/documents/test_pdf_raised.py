"""Raised and lowered signs of a PDF are marked, so that they fuse with no figure."""

import pytest

from aijobs.documents.readers.pdf_raised import assembled

from .pdf_files import line, one_page
from .test_pdf_layout import text_of


@pytest.mark.parametrize(
    ("size", "up", "shown"),
    [
        (6.5, 4.5, "EUR 500^1 net"),
        (6.5, -2, "EUR 500_1 net"),
        (6.5, 0, "EUR 5001 net"),
        (11, 4.5, "EUR 5001 net"),
    ],
)
def test_a_figure_is_marked_that_is_smaller_and_off_the_line(
    size: float, up: float, shown: str
) -> None:
    drawn = line("EUR 500", 72, 700, 11), line("1", 116, 700 + up, size), line("net", 124, 700, 11)
    assert text_of(one_page(*drawn)) == shown


def test_several_raised_figures_have_one_mark() -> None:
    drawn = line("x", 72, 700, 11), line("12", 77.5, 704.5, 6.5), line("=", 90, 700, 11)
    assert text_of(one_page(*drawn)) == "x^12 ="
    assert assembled(["x", "^1", "^2", "y"]) == "x^(12)y"


def test_the_mark_of_a_note_before_its_text_stands_apart() -> None:
    drawn = line("4", 72, 103.5, 5.5), line("Net of tax.", 75.1, 100, 9)
    assert text_of(one_page(*drawn)) == "^4 Net of tax."


def test_a_raised_letter_behind_a_sign_is_marked_and_one_in_a_word_is_not() -> None:
    drawn = line("hall.", 72, 700, 11), line("i", 93.5, 704.5, 6.5)
    assert text_of(one_page(*drawn)) == "hall.^i"
    drawn = line("M", 72, 700, 11), line("r", 81.2, 704.5, 6.5)
    assert text_of(one_page(*drawn)) == "Mr"


def test_figures_that_are_smaller_in_the_next_line_are_not_raised() -> None:
    drawn = line("Sum", 72, 700, 14), line("250", 72, 690, 8)
    assert text_of(one_page(*drawn)) == "Sum\n250"
