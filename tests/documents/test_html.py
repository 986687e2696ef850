from pathlib import Path

import pytest

from aijobs.documents import Document, UnreadableDocument
from tests.documents.reading import read_document

CASES = Path(__file__).parent / "cases"


def document(page: str) -> Document:
    return read_document(page.encode(), "page.html", accept_partial=True)


def read(page: str, filename: str = "page.html") -> str:
    return read_document(page.encode(), filename).text


def test_only_what_a_browser_shows_is_read() -> None:
    page = """<!doctype html><html><head><title>Terms</title><style>p {color: red}</style>
    <script>alert("x")</script></head><body><!-- draft --><h1>Terms  of
    use</h1><p>Pay &euro;5 <b>now</b>&nbsp;or<br>later.<p>Bye<template>no</template></body>"""
    assert read(page) == "Terms\n\n# Terms of use\n\nPay €5 now\xa0or\nlater.\n\nBye"


def test_words_across_inline_tags_stay_together() -> None:
    assert read("<p>un<i>believ</i>able<wbr>!") == "unbelievable!"


def test_preformatted_text_keeps_its_lines() -> None:
    assert read("<pre>a\n  b</pre><p>c\nd") == "a\n  b\n\nc d"


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


def test_empty_cells_keep_what_follows_in_its_column() -> None:
    data = (CASES / "html_table_with_empty_cells.html").read_bytes()
    assert read_document(data, "a.html").text.splitlines() == [
        "| Peril | Limit | Excess |",
        "| --- | --- | --- |",
        "| Fire | 100 | 5 |",
        "| Flood |  | 9 |",
    ]


def test_forms_are_read_and_deleted_and_hidden_text_is_not() -> None:
    data = (CASES / "html_form_and_deleted.html").read_bytes()
    found = read_document(data, "a.html")
    assert found.text == (
        "Excess: 700\n\n4. Fire\n5. Flood\n\nName: Jane Example Burst pipe\n\n"
        "H2O, 10^6\n\n[Stamp: APPROVED]"
    )
    assert found.warnings == (
        "struck or deleted text was left out",
        "hidden text was left out",
    )


def test_merged_cells_stand_in_their_first_place() -> None:
    page = """<table><caption>Limits</caption><tr><th rowspan=2>Peril<th colspan=2>Limit
    <tr><td>EUR<td>USD <tr><td>a | b<br>c<td>1<td>2 <tfoot><tr><td>Sum<td><td>3</table>"""
    assert read(page).splitlines() == [
        "Limits",
        "| Peril | Limit |  |",
        "| --- | --- | --- |",
        "|  | EUR | USD |",
        "| a \\| b / c | 1 | 2 |",
        "| Sum |  | 3 |",
    ]


def test_a_table_that_only_lays_out_is_read_as_paragraphs() -> None:
    page = "<table><tr><td><h1>Offer</h1><td><table><tr><td>Fee<td>5</table></table>"
    assert read(page) == "# Offer\n\n| Fee | 5 |\n| --- | --- |"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<ol type=a start=26><li>x<li>y</ol>", "z. x\naa. y"),
        ("<ol type=I><li value=4>x<li>y</ol>", "IV. x\nV. y"),
        ("<ol reversed><li>x<li>y</ol>", "2. x\n1. y"),
        ("<ol start=-1><li>x<li type=i>y<li>z</ol>", "-1. x\n0. y\n1. z"),
        ("<ol><li>x<ul><li>y</ul><li><ol><li>z</ol></ol>", "1. x\n  - y\n2.\n  1. z"),
        ("<ol style='list-style-type: upper-latin'><li>x<li>", "A. x\nB."),
        ("<ol><li hidden>w<li>x</ol>", "1. x"),
    ],
)
def test_items_have_the_numbers_that_a_browser_shows(page: str, text: str) -> None:
    assert read(page) == text


def test_choices_and_ticks_are_read() -> None:
    page = """<p><input type=checkbox checked> flood <input type=radio> hail
    <select><option>one<option selected>two</select><input type=hidden value=secret>"""
    assert read(page) == "☒ flood ☐ hail two"


def test_a_superscript_stays_apart_from_what_stands_before_it() -> None:
    page = 'EUR 500<sup><a href="#f1">[1]</a></sup> 10<sup>-6</sup> m<sup>2</sup> A<sup>®</sup>'
    assert read(page) == "EUR 500[note 1] 10^-6 m^2 A®"


@pytest.mark.parametrize(
    "gone", ["style='color:red; Display : none'", "hidden", "style=visibility:hidden"]
)
def test_hidden_parts_are_left_out_and_told(gone: str) -> None:
    found = document(f"<p>seen<p {gone}>unseen</p><table><tr><td>1<td {gone}>2<td>3</table>")
    assert "unseen" not in found.text
    assert "| 1 | 3 |" in found.text
    assert found.warnings == ("hidden text was left out",)


def test_an_unclosed_drawing_does_not_swallow_the_page() -> None:
    assert read("<p>a<svg><path><p>b<div>c</div>") == "a\n\nb\n\nc"


def test_an_unclosed_script_is_named() -> None:
    page = "<p>a<script>let x = 1;<p>all the rest"
    with pytest.raises(UnreadableDocument, match="unclosed <script>"):
        read(page)
    assert document(page).text == "a"


def test_an_embedded_page_is_named() -> None:
    with pytest.raises(UnreadableDocument, match="1 embedded file is not read"):
        read('<p>a<iframe src="https://example.com/policy"></iframe>')


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="nested too deeply"):
        read("<div>" * 2_000 + "x")


@pytest.mark.parametrize("span", ['colspan="999999999"', 'rowspan="999999999"', "colspan=²"])
def test_absurd_spans_do_not_fill_the_memory(span: str) -> None:
    page = f"<table>{f'<tr><td {span}>x<td>y' * 2_000}</table>"
    if "9" in span:
        with pytest.raises(UnreadableDocument, match="too many cells"):
            read(page)
    else:
        assert read(page).count("x") == 2_000


def test_a_declared_encoding_is_believed() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2"><p>Łódź'
    assert read_document(page.encode("iso-8859-2"), "a.html").text == "Łódź"
    xml = '<?xml version="1.0" encoding="windows-1251"?><html><p>Да</p></html>'
    assert read_document(xml.encode("cp1251"), "a.html").text == "Да"
    page = "<p>Да"
    content_type = "text/html; charset=windows-1251"
    assert read_document(page.encode("cp1251"), "a.html", content_type).text == "Да"
