import pytest

from tests.documents.pdf_files import CASES, Pdf, line, one_page
from tests.documents.reading import read_document

NUMBERS = ["one", "two", "three", "four", "five", "six"]
LEFT = [f"left {number} covers damage by hail" for number in NUMBERS]
RIGHT = [f"right {number} excludes damage by war" for number in NUMBERS]
THIRD = [f"third {number} regulates the premium" for number in NUMBERS]


def lines_at(texts: list[str], x: float, y: float = 700) -> bytes:
    return b"".join(line(text, x, y - 14 * index, 9) for index, text in enumerate(texts))


def text_of(data: bytes) -> str:
    return read_document(data, "a.pdf").text.removeprefix("[page 1]\n")


def order(text: str) -> list[str]:
    return [part for part in text.split("\n") if part]


def test_columns_are_read_one_after_the_other() -> None:
    text = text_of((CASES / "twocol.pdf").read_bytes())
    lines = order(text)
    assert len(lines) == 16
    assert all(part.startswith("Left line") for part in lines[:8])
    assert all(part.startswith("Right line") for part in lines[8:])


def test_three_columns_that_do_not_stand_on_the_same_lines_are_read_in_order() -> None:
    data = one_page(lines_at(THIRD, 400, 695), lines_at(LEFT, 40), lines_at(RIGHT, 220, 704))
    assert order(text_of(data)) == LEFT + RIGHT + THIRD


def test_a_heading_above_and_a_paragraph_below_stand_around_the_columns() -> None:
    heading = "General conditions of insurance for private buildings and their contents"
    ending = "This page belongs to the policy and is valid with its schedule and signature only."
    data = one_page(
        line(ending, 40, 580),
        lines_at(RIGHT, 320),
        lines_at(LEFT, 40),
        line(heading, 120, 740, 12),
    )
    assert order(text_of(data)) == [heading, *LEFT, *RIGHT, ending]


def test_two_bands_of_columns_are_read_band_by_band() -> None:
    heading = "Second part of the conditions, which is about all that was excluded before"
    data = one_page(
        lines_at(LEFT, 40),
        lines_at(RIGHT, 320),
        line(heading, 100, 590, 12),
        lines_at(THIRD, 40, 560),
        lines_at(LEFT, 320, 560),
    )
    assert order(text_of(data)) == [*LEFT, *RIGHT, heading, *THIRD, *LEFT]


def test_figures_of_a_table_stay_under_their_headings() -> None:
    rows = [("Peril", "Limit", "Excess"), ("Hail", "10 000", "500"), ("Flood", "", "1 500")]
    rows += [("Storm", "7 000", "")]
    drawn = [
        line(cell, x, 700 - 16 * index)
        for index, row in enumerate(rows)
        for cell, x in zip(row, (72, 200, 330), strict=True)
        if cell
    ]
    assert text_of(one_page(*drawn)).split("\n") == [
        "| Peril | Limit | Excess |",
        "| --- | --- | --- |",
        "| Hail | 10 000 | 500 |",
        "| Flood |  | 1 500 |",
        "| Storm | 7 000 |  |",
    ]


def test_a_header_and_a_footer_with_the_gap_of_the_columns_are_lines_of_their_own() -> None:
    data = one_page(
        line("Policy 7731", 40, 800),
        line("Edition 2026", 320, 800),
        lines_at(LEFT, 40),
        lines_at(RIGHT, 320),
        line("Page 1", 40, 40),
        line("of 1", 320, 40),
    )
    assert order(text_of(data)) == ["Policy 7731  Edition 2026", *LEFT, *RIGHT, "Page 1  of 1"]


@pytest.mark.parametrize("marks", [("1.1", "1.2"), ("(a)", "(b)"), ("•", "•"), ("§ 4", "§ 5")])
def test_clauses_with_hanging_numbers_are_lines_and_no_table(marks: tuple[str, str]) -> None:
    texts = [
        "The insurer pays for damage by hail to the",
        "building and the garage.",
        "War is out.",
    ]
    data = one_page(
        line(marks[0], 72, 700),
        line(marks[1], 72, 672),
        *(line(text, 110, 700 - 14 * index) for index, text in enumerate(texts)),
    )
    assert order(text_of(data)) == [
        f"{marks[0]}  {texts[0]}",
        texts[1],
        f"{marks[1]}  {texts[2]}",
    ]


def test_a_table_whose_first_column_holds_numbers_stays_a_table() -> None:
    drawn = [
        line(cell, x, 700 - 16 * row)
        for row, cells in enumerate([("1", "500"), ("2", "1 500"), ("3", "90")])
        for cell, x in zip(cells, (72, 200), strict=True)
    ]
    rows = text_of(one_page(*drawn)).split("\n")
    assert rows == ["| 1 | 500 |", "| --- | --- |", "| 2 | 1 500 |", "| 3 | 90 |"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_is_shown_turned_is_read_as_shown(turn: int) -> None:
    matrix = {90: b"0 1 -1 0 595 0", 180: b"-1 0 0 -1 595 842", 270: b"0 -1 1 0 0 842"}[turn]
    # 90 is clockwise: what goes up in the file stands upright on the page.
    width = 842 if turn != 180 else 595
    drawn = b"q %s cm\n" % matrix + lines_at(LEFT, 40, 400) + lines_at(RIGHT, width / 2, 400) + b"Q"
    data = one_page(drawn, entries=b"/Rotate %d" % turn)
    assert order(text_of(data)) == LEFT + RIGHT


def test_text_that_is_turned_on_an_upright_page_is_read_by_itself() -> None:
    drawn = b"q 0 1 -1 0 595 0 cm\n" + lines_at(RIGHT, 40, 580) + b"Q\n"
    assert order(text_of(one_page(drawn, lines_at(LEFT, 40)))) == LEFT + RIGHT


def test_words_that_a_line_end_parts_are_joined() -> None:
    data = one_page(lines_at(["The insurer pays an indem-", "nity for each loss"], 72))
    assert text_of(data) == "The insurer pays an indemnity\nfor each loss"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("This is a well-", "known clause"),
        ("Der Haus-", "und Grundbesitz"),
        ("The sums 5-", "year term"),
        ("Contract HB-", "Nord applies"),
        ("Each risk-", "taker may object, though a risk-taker cannot withdraw"),
    ],
)
def test_a_hyphen_that_may_belong_to_the_word_stays(first: str, second: str) -> None:
    assert text_of(one_page(lines_at([first, second], 72))) == f"{first}\n{second}"


def ligatures(glyph: bytes, target: bytes | None) -> bytes:
    """A page that says "of\x80cer", where \x80 is this glyph, mapped to `target` in hexadecimal."""
    pdf = Pdf()
    mapping = b""
    if target is not None:
        number = pdf.stream(
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
            b"/CMapType 2 def 1 begincodespacerange <00> <FF> endcodespacerange\n"
            b"1 beginbfchar <80> <%s> endbfchar\n1 beginbfrange <20> <7E> <0020> endbfrange\n"
            b"endcmap CMapName currentdict /CMap defineresource pop end end" % target
        )
        mapping = b"/ToUnicode %d 0 R" % number
    font = pdf.add(
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Type/Encoding"
        b"/BaseEncoding/WinAnsiEncoding/Differences[128/%s]>>%s>>" % (glyph, mapping)
    )
    pdf.page(b"BT /F1 12 Tf 72 700 Td (The of\x80cer) Tj ET", font=font)
    return pdf.written()


@pytest.mark.parametrize(
    ("glyph", "target"),
    [
        (b"f_i", b"0000"),
        (b"fi", b"0000"),
        (b"fi", b"E001"),
        (b"f_i.liga", b"0003"),
        (b"f_i", None),
        (b"fi", None),
        (b"fi", b"FB01"),
        (b"fi", b"00660069"),
        (b"g17", b"FB01"),
    ],
)
def test_a_ligature_keeps_its_letters(glyph: bytes, target: bytes | None) -> None:
    assert text_of(ligatures(glyph, target)) == "The officer"


def test_words_from_right_to_left_stand_in_the_order_in_which_they_are_read() -> None:
    pdf = Pdf()
    letters = {0x41: "\u05e9", 0x42: "\u05dc", 0x43: "\u05d5", 0x44: "\u05dd"}
    entries = b"".join(
        b"<%02X> <%s>" % (code, letter.encode("utf-16-be").hex().encode())
        for code, letter in letters.items()
    )
    number = pdf.stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        b"/CMapType 2 def 1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"4 beginbfchar %s endbfchar\nendcmap end end" % entries
    )
    font = pdf.add(
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding"
        b"/ToUnicode %d 0 R>>" % number
    )
    # In the file the last letter of the last word stands at the left.
    pdf.page(b"BT /F1 12 Tf 72 700 Td (AC  DB  DCBA) Tj ET", font=font)
    words = text_of(pdf.written()).split()
    assert words == ["\u05e9\u05dc\u05d5\u05dd", "\u05dc\u05dd", "\u05d5\u05e9"]
