"""What a page's own style sheets hide is not read, where that is sure."""

import pytest

from aijobs.documents import Document
from tests.documents.reading import read_document

MAY_HIDE = "text that a style sheet may hide was read"
LEFT_OUT = "hidden text was left out"


def read(style: str, body: str = "") -> Document:
    body = body or '<p>seen</p><p class="a b" id="c">gone</p><div class="d"><p>in</p></div>'
    return read_document(f"<html><style>{style}</style><body>{body}".encode(), "a.html")


@pytest.mark.parametrize(
    "style",
    [
        ".a { display: none }",
        "#c{DISPLAY:none!important}",
        "p.a.b, h1 {color: red; visibility:hidden;}",
        "/* .d {} */ @import url(x); .a{display :none",
        "@media screen { .a { display: none } } p { color: red }",
        "@charset 'utf-8'; .x{} .a{display:none}",
    ],
)
def test_text_hidden_by_a_simple_rule_is_left_out_and_told(style: str) -> None:
    page = read(style)
    assert page.text == "seen\n\nin"
    assert page.warnings == (LEFT_OUT,)


def test_what_stands_in_a_hidden_element_is_hidden_too() -> None:
    assert read(".d{display:none}").text == "seen\n\ngone"


@pytest.mark.parametrize(
    "style",
    [
        "@media print { .a { display: none } }",
        "@media (max-width: 600px) { .a { display: none } }",
        "div + p, p:not(:first-child) { display: none }",
        ".a { display: none } #c { display: block }",
    ],
)
def test_a_rule_that_may_not_count_is_told_and_its_text_read(style: str) -> None:
    page = read(style)
    assert "gone" in page.text
    assert page.warnings == (MAY_HIDE,)


def test_an_element_that_says_otherwise_is_shown() -> None:
    page = read(".a { display: none }", '<p class="a" style="display: block">seen</p>')
    assert (page.text, page.warnings) == ("seen", ())


def test_a_page_whose_scripts_may_show_it_is_read_whole() -> None:
    body = '<p class="a">tab</p><script>show()</script>'
    page = read(".a { display: none }", body)
    assert (page.text, page.warnings) == ("tab", (MAY_HIDE,))
    data = body.replace("<script>", '<script type="application/ld+json">')
    assert read(".a { display: none }", data + "<p>x").text == "x"


def test_soft_hyphens_are_not_read() -> None:
    assert read("", "<p>har&shy;bour").text == "harbour"
