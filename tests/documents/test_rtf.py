import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs.documents import Document, UnreadableDocument
from tests.documents.reading import read_document

from .word_files import CASES


def read(body: str, *, accept_partial: bool = False) -> Document:
    data = rf"{{\rtf1\ansi\ansicpg1252{{\fonttbl{{\f0 A;}}{{\f1\fcharset204 B;}}}}{body}}}"
    return read_document(data.encode("latin-1"), "a.rtf", accept_partial=accept_partial)


def test_the_case_is_read() -> None:
    document = read_document((CASES / "r.rtf").read_bytes(), "r.rtf")
    assert document.text == "Hail on the bonnet."
    assert document.media_type == "application/rtf"


def test_characters_of_code_pages_and_unicode_are_read() -> None:
    text = read(r"5 \'80 M\u252?ller {\f1\'cf\'f0} \u-10179?\u-8704? {\uc2\u8364\'80x}\~y\_z").text
    assert text == "5 € Müller Пр 😀 €\u00a0y-z"


def test_headings_numbers_and_tables_are_read() -> None:
    body = (
        r"\pard\outlinelevel1 Hail\par\pard{\listtext 3.2\tab}Excess\par"
        r"\trowd\cellx1000\cellx2000\cellx3000\pard\intbl a\cell b\cell c\cell\row"
        r"\trowd\cellx2000\cellx3000\pard\intbl both\cell 9\cell\row\pard end\par"
    )
    assert read(body).text == (
        "## Hail\n3.2 Excess\n\n| a | b | c |\n| --- | --- | --- |\n| both |  | 9 |\n\nend"
    )


def test_struck_hidden_and_deleted_text_is_told_and_raised_text_is_marked() -> None:
    document = read(r"10{\super 6} {\strike a}{\v b}{\deleted c}end{\*\unknown secret}")
    assert document.text == "10^6 end"
    assert document.warnings == (
        "struck text was left out",
        "hidden text was left out",
        "text deleted with tracked changes was left out",
    )


def test_notes_boxes_headers_and_fields_are_read() -> None:
    body = (
        r"{\header Policy\par}{\footer Page \chpgn\par}EUR 5{\footnote net} "
        r'{\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}{\shp{\*\shpinst{\shptxt 00\par}}}\par'
    )
    assert (
        read(body).text == "[header]\nPolicy\n\nEUR 5[note 1] link\n00\n\n# Notes\n\n[note 1] net"
    )


def test_ticks_and_choices_of_forms_are_read() -> None:
    box = r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres%s}}}{\fldrslt}}"
    choice = (
        r"{\field{\*\fldinst FORMDROPDOWN{\*\formfield{\fftype2\ffres1{\*\ffl North}{\*\ffl South}"
        r"}}}{\fldrslt}}"
    )
    assert read(box % 1 + " yes " + box % 0 + " no " + choice).text == "☒ yes ☐ no South"


def test_objects_are_named_and_pictures_are_told() -> None:
    with pytest.raises(UnreadableDocument, match="1 embedded object"):
        read(r"a{\object{\*\objdata 00}}")
    assert "1 picture" in read(r"a{\pict 89504e47}").warnings[0]
    with pytest.raises(UnreadableDocument, match="nothing but pictures"):
        read(r"{\pict 89504e47}")


def test_binary_data_is_passed_over() -> None:
    assert read(r"a{\pict\bin5 }{\\x}b").text == "ab"


def test_a_cut_file_and_nesting_without_end_are_refused() -> None:
    with pytest.raises(UnreadableDocument, match="damaged"):
        read_document(rb"{\rtf1 {a", "a.rtf")
    with pytest.raises(UnreadableDocument, match="nested"):
        read_document(rb"{\rtf1 " + b"{" * 100_000, "a.rtf")


pieces = st.sampled_from(
    [
        "{",
        "}",
        "\\par ",
        "\\cell ",
        "\\row ",
        "\\trowd\\cellx9 ",
        "\\field",
        "\\*",
        "\\fldinst ",
        "\\u-5?",
        "\\bin9",
        "\\'f0",
        "\\footnote ",
        "\\header ",
        "\\super ",
        "\\f1",
        "text",
        "\\ansicpg7",
    ]
)


@settings(max_examples=25, deadline=None)
@given(st.lists(pieces, max_size=40).map("".join))
def test_any_words_are_a_text_or_refused(body: str) -> None:
    with contextlib.suppress(UnreadableDocument):
        assert read(body).text.strip()
