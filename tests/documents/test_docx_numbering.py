import string
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .word_files import CASES, paragraph, part, read, text_of


def level(depth: int, text: str, form: str = "decimal", more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def lists(levels: Sequence[str], more_nums: str = "", num: str = "") -> dict[str, str | bytes]:
    abstract = f'<w:abstractNum w:abstractNumId="7">{"".join(levels)}</w:abstractNum>'
    first = f'<w:num w:numId="1"><w:abstractNumId w:val="7"/>{num}</w:num>'
    return {"word/numbering.xml": part("w:numbering", abstract + first + more_nums)}


def item(text: str, depth: int = 0, list_id: int = 1) -> str:
    numbered = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_id}"/></w:numPr>'
    return paragraph(text, numbered)


LEGAL = [
    level(0, "%1."),
    level(1, "%1.%2"),
    level(2, "%1.%2 (%3)", "lowerLetter"),
    level(3, "(%4)", "lowerRoman"),
]


def test_the_numbers_of_the_case_are_read_with_its_header_and_footer() -> None:
    text = read(CASES / "numbered.docx").text
    assert "1. The insurer pays for hail.\n2. The insured reports within 7 days.\n3. Cl" in text
    assert text.startswith("[header]\nCONFIDENTIAL POLICY 7731\n\n# Cover\n")
    assert text.endswith("[footer]\nValid until 31 December 2027")


def test_levels_are_counted_and_begin_anew_under_each_number_above() -> None:
    depths = [0, 1, 2, 2, 3, 1, 2, 0, 1, 2]
    body = "".join(item("x", depth) for depth in depths)
    assert text_of(body, lists(LEGAL)).split("\n") == [
        "1. x", "1.1 x", "1.1 (a) x", "1.1 (b) x", "(i) x", "1.2 x", "1.2 (a) x",
        "2. x", "2.1 x", "2.1 (a) x",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("decimal", "28"), ("lowerLetter", "bb"), ("upperLetter", "BB"), ("lowerRoman", "xxviii"),
        ("upperRoman", "XXVIII"), ("decimalZero", "28"), ("ordinal", "28th"), ("none", ""),
        ("cardinalText", "Twenty-eight"), ("ordinalText", "Twenty-eighth"),
    ],
)  # fmt: skip
def test_numbers_are_shown_in_their_format(form: str, shown: str) -> None:
    assert text_of(item("x"), lists([level(0, "§%1)", form, start=28)])) == f"§{shown}) x"


def test_bullets_are_dashes_and_an_empty_label_is_none() -> None:
    assert text_of(item("x"), lists([level(0, "·", "bullet")])) == "- x"
    assert text_of(item("x"), lists([level(0, "")])) == "x"


def test_legal_levels_show_all_numbers_in_digits() -> None:
    levels = [level(0, "Article %1", "upperRoman"), level(1, "%1.%2", more="<w:isLgl/>")]
    text = text_of(item("x") * 4 + item("y", 1), lists(levels))
    assert text.endswith("Article IV x\n4.1 y")


def test_a_level_may_never_begin_anew_or_only_under_a_certain_one() -> None:
    never = [level(0, "%1."), level(1, "(%2)", more='<w:lvlRestart w:val="0"/>')]
    body = item("x") + item("y", 1) + item("x") + item("y", 1)
    assert text_of(body, lists(never)) == "1. x\n(1) y\n2. x\n(2) y"
    under_first = [*LEGAL[:2], level(2, "(%3)", more='<w:lvlRestart w:val="1"/>')]
    body = item("x") + (item("y", 1) + item("z", 2)) * 2 + item("x") + item("z", 2)
    assert text_of(body, lists(under_first)).split("\n")[2::2] == ["(1) z", "(2) z", "(1) z"]


def test_lists_that_share_a_definition_count_on_unless_one_begins_anew() -> None:
    more = (
        '<w:num w:numId="2"><w:abstractNumId w:val="7"/></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0">'
        '<w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    )
    body = item("a") + item("b", list_id=2) + item("c", list_id=3) + item("d", list_id=3)
    assert text_of(body, lists(LEGAL, more)) == "1. a\n2. b\n5. c\n6. d"


def test_a_list_may_define_a_level_of_its_own() -> None:
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "Clause %1:", "upperLetter")}</w:lvlOverride>'
    assert text_of(item("x"), lists(LEGAL, num=own)) == "Clause A: x"


STYLES = part(
    "w:styles",
    '<w:style w:type="paragraph" w:default="1" w:styleId="N"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr>'
    '<w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/>'
    '<w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Own"/>'
    '<w:basedOn w:val="berschrift2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>',
)


def test_headings_are_numbered_by_their_styles_whatever_their_language() -> None:
    levels = [
        level(0, "%1", more='<w:pStyle w:val="berschrift1"/>'),
        level(1, "%1.%2", more='<w:pStyle w:val="berschrift2"/>'),
    ]
    off = '<w:pStyle w:val="Own"/><w:numPr><w:numId w:val="0"/></w:numPr>'
    body = (
        paragraph("Cover", '<w:pStyle w:val="berschrift1"/>')
        + paragraph("Hail", '<w:pStyle w:val="berschrift2"/>')
        + paragraph("Flood", '<w:pStyle w:val="Own"/>')
        + paragraph("Annex", off)
        + paragraph("Deep", '<w:pStyle w:val="Loop"/><w:outlineLvl w:val="2"/>')
    )
    text = text_of(body, {**lists(levels), "word/styles.xml": STYLES})
    assert text == "# 1 Cover\n\n## 1.1 Hail\n\n## 1.2 Flood\n\n## Annex\n\n### Deep"


def test_damaged_definitions_of_lists_are_named() -> None:
    damaged: dict[str, str | bytes] = {"word/numbering.xml": "<w:numbering"}
    with pytest.raises(ValueError, match="the numbers of lists"):
        text_of(item("x"), damaged)


def small_roman(number: int) -> str:
    units = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]
    tens = ["", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"]
    return tens[number // 10] + units[number % 10]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=25))
def test_random_lists_are_numbered_as_one_would_by_hand(steps: list[int]) -> None:
    # No level is skipped on the way down.
    depths = [0]
    for step in steps:
        depths.append(min(step, depths[-1] + 1))
    path: list[int] = []
    expected = []
    for depth in depths:
        path = [*path[:depth], (path[depth] if len(path) > depth else 0) + 1]
        first, second, third, fourth = (path + [0] * 4)[:4]
        expected.append(
            [
                f"{first}.",
                f"{first}.{second}",
                f"{first}.{second} ({string.ascii_lowercase[third - 1]})",
                f"({small_roman(fourth)})",
            ][depth]
        )
    text = text_of("".join(item("x", depth) for depth in depths), lists(LEGAL))
    assert text.split("\n") == [f"{label} x" for label in expected]
