from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .word_files import CASES, paragraph, read, text_of, word_file


def level(depth: int, form: str, text: str, extra: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{extra}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def abstract(identity: int, *levels: str, extra: str = "") -> str:
    inner = extra + "".join(levels)
    return f'<w:abstractNum w:abstractNumId="{identity}">{inner}</w:abstractNum>'


def num(identity: int, shared: int, overrides: str = "") -> str:
    return f'<w:num w:numId="{identity}"><w:abstractNumId w:val="{shared}"/>{overrides}</w:num>'


def restart(depth: int, start: int) -> str:
    return f'<w:lvlOverride w:ilvl="{depth}"><w:startOverride w:val="{start}"/></w:lvlOverride>'


def item(text: str, identity: int = 1, depth: int = 0, properties: str = "") -> str:
    return paragraph(
        text,
        f'{properties}<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{identity}"/></w:numPr>',
    )


def lines(body: str, numbering: str, styles: str = "") -> list[str]:
    return [line for line in text_of(body, numbering=numbering, styles=styles).split("\n") if line]


def labels(depths: list[int], *levels: str) -> list[str]:
    body = "".join(item("x", depth=depth) for depth in depths)
    found = lines(body, abstract(1, *levels) + num(1, 1))
    return [line.removesuffix("x").strip() for line in found]


LEGAL = (
    level(0, "decimal", "%1."),
    level(1, "decimal", "%1.%2"),
    level(2, "lowerLetter", "%1.%2 (%3)"),
)


def test_numbers_that_word_shows_by_itself_are_read() -> None:
    text = read(CASES / "numbered.docx").text
    assert "2. The insured reports within 7 days.\n3. Clause 2 does not apply abroad." in text


def test_levels_count_within_one_another() -> None:
    found = labels([0, 1, 2, 2, 1, 0, 1, 2], *LEGAL)
    assert found == ["1.", "1.1", "1.1 (a)", "1.1 (b)", "1.2", "2.", "2.1", "2.1 (a)"]


@pytest.mark.parametrize(
    ("form", "start", "shown"),
    [
        ("decimal", 9, ["9", "10"]),
        ("decimalZero", 9, ["09", "10"]),
        ("lowerLetter", 26, ["z", "aa"]),
        ("upperLetter", 27, ["AA", "BB"]),
        ("lowerRoman", 3, ["iii", "iv"]),
        ("upperRoman", 1989, ["MCMLXXXIX", "MCMXC"]),
        ("ordinal", 11, ["11th", "12th"]),
        ("ordinal", 21, ["21st", "22nd"]),
        ("ordinalText", 20, ["Twentieth", "Twenty-first"]),
        ("cardinalText", 99, ["Ninety-nine", "One hundred"]),
        ("none", 1, ["", ""]),
    ],
)
def test_numbers_have_the_format_of_their_list(form: str, start: int, shown: list[str]) -> None:
    assert labels([0, 0], level(0, form, "%1", start=start)) == shown


def test_an_unknown_format_is_written_in_digits_and_told() -> None:
    numbering = abstract(1, level(0, "hebrew1", "%1.")) + num(1, 1)
    document = read(word_file(item("x"), numbering=numbering))
    assert document.text == "1. x"
    assert "digits" in document.warnings[0]


def test_bullets_are_dashes() -> None:
    assert labels([0, 0], level(0, "bullet", "\uf0b7")) == ["-", "-"]


def test_legal_numbers_are_digits_on_all_levels() -> None:
    levels = level(0, "upperRoman", "Article %1"), level(1, "decimal", "%1.%2", "<w:isLgl/>")
    assert labels([0, 0, 1], *levels) == ["Article I", "Article II", "2.1"]


def test_a_level_may_count_on_or_begin_anew_after_a_certain_one() -> None:
    on = level(1, "decimal", "%2", '<w:lvlRestart w:val="0"/>')
    assert labels([0, 1, 0, 1], level(0, "decimal", "%1."), on) == ["1.", "1", "2.", "2"]
    after = level(2, "decimal", "%3", '<w:lvlRestart w:val="1"/>')
    found = labels(
        [0, 1, 2, 1, 2, 0, 2], level(0, "decimal", "%1."), level(1, "decimal", "-"), after
    )
    assert found == ["1.", "-", "1", "-", "2", "2.", "1"]


def test_lists_on_one_abstract_list_count_on_and_overrides_begin_anew() -> None:
    numbering = abstract(1, *LEGAL) + num(1, 1) + num(2, 1) + num(3, 1, restart(0, 5))
    body = "".join(item("x", identity) for identity in (1, 1, 2, 3, 3, 1))
    assert lines(body, numbering) == [f"{n}. x" for n in (1, 2, 3, 5, 6, 7)]


def test_a_list_may_have_a_level_of_its_own() -> None:
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "%1)")}</w:lvlOverride>'
    assert lines(item("x"), abstract(1, *LEGAL) + num(1, 1, own)) == ["A) x"]


def test_a_level_whose_upper_ones_were_skipped_has_their_first_numbers() -> None:
    assert labels([2, 2, 0, 1], *LEGAL) == ["1.1 (a)", "1.1 (b)", "2.", "2.1"]


def test_numbers_come_from_styles_and_can_be_switched_off() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/>'
        '<w:basedOn w:val="H1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Own"/>'
        '<w:basedOn w:val="H2"/></w:style>'
    )
    first = level(0, "decimal", "%1", '<w:pStyle w:val="H1"/>')
    second = level(1, "decimal", "%1.%2", '<w:pStyle w:val="H2"/>')
    off = '<w:pStyle w:val="H1"/><w:numPr><w:numId w:val="0"/></w:numPr>'
    body = "".join(
        [
            paragraph("Cover", '<w:pStyle w:val="H1"/>'),
            paragraph("Hail", '<w:pStyle w:val="H2"/>'),
            paragraph("Preamble", off),
            paragraph("Storm", '<w:pStyle w:val="Own"/>'),
        ]
    )
    found = lines(body, abstract(1, first, second) + num(1, 1), styles)
    assert found == ["# 1 Cover", "## 1.1 Hail", "# Preamble", "## 1.2 Storm"]


def test_a_numbering_style_is_followed() -> None:
    styles = (
        '<w:style w:type="numbering" w:styleId="L">'
        '<w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>'
    )
    numbering = (
        abstract(1, extra='<w:numStyleLink w:val="L"/>')
        + abstract(2, level(0, "upperLetter", "%1)"), extra='<w:styleLink w:val="L"/>')
        + num(1, 1)
        + num(2, 2)
    )
    assert lines(item("x"), numbering, styles) == ["A) x"]


def test_deleted_and_hidden_paragraphs_are_not_counted() -> None:
    gone = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
        "<w:rPr><w:del/></w:rPr></w:pPr><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
    )
    hidden = item("", properties="<w:rPr><w:vanish/></w:rPr>")
    body = item("x") + gone + hidden + item("x")
    assert lines(body, abstract(1, *LEGAL) + num(1, 1)) == ["1. x", "2. x"]


def test_a_number_may_be_hidden() -> None:
    hidden = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        '<w:lvlText w:val="%1."/><w:rPr><w:vanish/></w:rPr></w:lvl>'
    )
    assert lines(item("x"), abstract(1, hidden) + num(1, 1)) == ["x"]


def numbers_by_path(depths: list[int]) -> list[str]:
    """An oracle: each paragraph is a node of a tree, its number the path to it."""
    path: list[int] = []
    found = []
    for depth in depths:
        path = [*path[: depth + 1], *[1] * (depth - len(path))]
        if len(path) == depth + 1:
            path[depth] += 1
        else:
            path.append(1)
        found.append(".".join(map(str, path)))
    return found


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=25))
def test_numbers_are_the_path_to_a_paragraph(depths: list[int]) -> None:
    texts = [".".join(f"%{n + 1}" for n in range(depth + 1)) for depth in range(5)]
    found = labels(depths, *(level(n, "decimal", text) for n, text in enumerate(texts)))
    assert found == numbers_by_path(depths)
    for before, after in pairwise(found):
        assert before != after


def test_text_boxes_headers_and_notes_count_on_their_own() -> None:
    numbering = abstract(1, level(0, "decimal", "%1.")) + num(1, 1)
    shown = f"<v:textbox><w:txbxContent>{item('box')}</w:txbxContent></v:textbox>"
    box = f"<w:r><w:pict>{shown}</w:pict></w:r>"
    note = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    section = (
        '<w:sectPr><w:headerReference w:type="default" r:id="header"/>'
        '<w:footerReference w:type="default" r:id="footer"/></w:sectPr>'
    )
    body = item("one") + paragraph("Aside", inner=box + note) + item("two") + section
    text = text_of(
        body,
        numbering=numbering,
        header=item("head"),
        footer=item("foot"),
        footnotes=f'<w:footnote w:id="1">{item("note")}</w:footnote>',
    )
    for line in ("1. one", "1. box", "2. two", "1. head", "2. foot", "[note 1] 1. note"):
        assert line in text.split("\n")
