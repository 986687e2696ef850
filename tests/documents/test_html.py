import pytest

from aijobs.documents import UnreadableDocument, read_document


def read(page: str, filename: str = "page.html") -> str:
    return read_document(page.encode(), filename).text


def test_only_what_a_browser_shows_is_read() -> None:
    page = """<!doctype html><html><head><title>Terms</title><style>p {color: red}</style>
    <script>alert("x")</script></head><body><!-- draft --><h1>Terms  of
    use</h1><p>Pay &euro;5 <b>now</b>&nbsp;or<br>later.<p>Bye<template>no</template></body>"""
    assert read(page) == "Terms\n\nTerms of use\n\nPay €5 now\xa0or\nlater.\nBye"


def test_words_across_inline_tags_stay_together() -> None:
    assert read("<p>un<i>believ</i>able<wbr>!") == "unbelievable!"


def test_cells_of_a_table_do_not_run_together() -> None:
    cells = read("<table><tr><td>Fee</td><td>5</td></tr></table>").split()
    assert cells == ["Fee", "5"]


def test_preformatted_text_keeps_its_lines() -> None:
    assert read("<pre>a\n  b</pre><p>c\nd") == "a\nb\n\nc d"


@pytest.mark.parametrize("page", ["<script>x = 1", "<style>p {", "<!doctype html><img src=x>"])
def test_a_page_without_text_is_refused(page: str) -> None:
    with pytest.raises(UnreadableDocument, match="no text"):
        read(page)


@pytest.mark.parametrize(
    "page", ["<p>open <b>bold", "<p <p>text", "</div></p>text", "a < b", "&#x;"]
)
def test_broken_markup_is_read_as_far_as_it_goes(page: str) -> None:
    assert read(page)


def test_a_page_is_known_by_its_start_whatever_it_is_called() -> None:
    assert read("\n<!DOCTYPE HTML><p>text", "page.txt") == "text"


def test_character_references_cannot_smuggle_in_a_nul() -> None:
    assert "\0" not in read("<p>a&#0;b")


def test_older_encodings_are_recognized_in_pages_too() -> None:
    page = '<meta charset="windows-1252"><p>Die Gebühr beträgt fünf Euro.'
    assert read_document(page.encode("cp1252"), "a.html").text == "Die Gebühr beträgt fünf Euro."
