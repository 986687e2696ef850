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
        "\\ls1\\ilvl9 ",
        "{\\listtext 1\\tab}",
        "\\ftnalt ",
        "{\\*\\listtable{\\list{\\listlevel{\\leveltext\\'02\\'00.;}}\\listid5}}",
        "{\\listoverride\\listid5\\ls1}",
        "{\\stylesheet{\\s1 Title;}}\\s1 ",
    ]
)


@settings(max_examples=25, deadline=None)
@given(st.lists(pieces, max_size=40).map("".join))
def test_any_words_are_a_text_or_refused(body: str) -> None:
    with contextlib.suppress(UnreadableDocument):
        assert read(body).text.strip()


LISTS = (
    r"{\*\listtable{\list{\listlevel\levelnfc0\levelstartat3{\leveltext\'02\'00.;}}"
    r"{\listlevel\levelnfc2{\leveltext\'06\'00.\'01 \u8211 ?;}}\listid7}"
    r"{\list{\listlevel\levelnfc23{\leveltext\'01\u8226 ?;}}\listid8}}"
    r"{\*\listoverridetable{\listoverride\listid7\ls1}{\listoverride\listid8\ls2}"
    r"{\listoverride\listid7{\lfolevel\listoverridestartat\levelstartat9}\ls3}}"
)


def item(text: str, number: int = 1, level: int = 0) -> str:
    return rf"\pard\ls{number}\ilvl{level} {text}\par "


def test_numbers_of_lists_are_counted_where_they_are_not_stored() -> None:
    body = item("a") + item("b", 1, 1) + item("c", 2) + item("d", 3) + item("e") + r"\pard f\par"
    assert read(LISTS + body).text == "3. a\n3.i – b\n- c\n9. d\n10. e\nf"


def test_a_number_that_is_stored_is_not_set_twice_and_hidden_ones_do_not_count() -> None:
    stored = item(r"{\listtext 3.\tab}a")
    gone = item(r"\v gone").replace(r"\par ", r"\par\v0 ")
    assert read(LISTS + stored + gone + item("b")).text.split() == ["3.", "a", "4.", "b"]


def test_bullets_that_are_set_as_text_are_dashes() -> None:
    assert read(r"{\bullet \tx360\tab one\par}{\listtext\bullet\tab}two\par").text == "- one\n- two"


def test_titles_and_headings_are_told_by_the_names_of_their_styles() -> None:
    styles = r"{\stylesheet{\s0 Normal;}{\s5\b\sbasedon0 Title;}{\s6 heading 2;}}"
    assert read(rf"{styles}\pard\s5 a\par\pard\s6 b\par\pard c\par").text == "# a\n\n## b\nc"


def test_footnotes_and_endnotes_count_on_their_own() -> None:
    foot, end = r"{\footnote x}", r"{\footnote\ftnalt y}"
    text = read(rf"\ftnstart4 a{foot}{end}b{foot}{end}\par").text
    assert text.startswith("a[note 4][note i]b[note 5][note ii]\n")
    assert "[note ii] y" in text
    letters = read(rf"\aftnnauc\ftnrestart a{foot}\sect b{foot}{end}\par").text
    assert letters.startswith("a[note 1]\nb[note 1][note A]\n")
