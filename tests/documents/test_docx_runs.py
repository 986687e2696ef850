import pytest

from aijobs.documents import UnreadableDocument

from .word_files import CASES, paragraph, read, run, text_of, word_file


def mark(kind: str, form: str = "") -> str:
    return f'<w:r><w:fldChar w:fldCharType="{kind}">{form}</w:fldChar></w:r>'


def instruction(text: str) -> str:
    return f"<w:r><w:instrText>{text}</w:instrText></w:r>"


@pytest.mark.parametrize(
    "wrapper",
    ["w:ins", "w:moveTo", "w:smartTag", "w:customXml", "w:hyperlink", "w:fldSimple", "w:dir"],
)
def test_text_in_any_wrapper_is_read(wrapper: str) -> None:
    inside = paragraph(
        f"{run('a ')}<{wrapper}>{run('b')}<{wrapper}>{run('c')}</{wrapper}></{wrapper}>"
    )
    assert text_of(inside) == "a bc"


def test_text_in_content_controls_is_read_whatever_they_hold() -> None:
    control = "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>"
    inner = paragraph(run("a") + control.format(run("b")))
    assert text_of(control.format(control.format(inner)) + paragraph("c")) == "ab\nc"


def test_struck_and_hidden_text_is_left_out_and_told_without_quoting() -> None:
    document = read(CASES / "docx_form_fields_strike_hidden.docx")
    assert document.text.startswith("Cover:  premium\n")
    assert document.warnings == ("struck text was left out", "hidden text was left out")


def test_text_is_hidden_by_a_style_and_shown_where_a_run_says_so() -> None:
    styles = (
        '<w:style w:type="character" w:styleId="Base"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Child"><w:basedOn w:val="Base"/></w:style>'
    )
    body = paragraph(
        run("a", '<w:rStyle w:val="Child"/>')
        + run("b", '<w:rStyle w:val="Child"/><w:vanish w:val="0"/>')
        + run("c", "<w:dstrike/>")
    )
    assert text_of(body, styles=styles) == "b"


def test_raised_text_is_never_fused_with_what_stands_before_it() -> None:
    text = read(CASES / "docx_superscript.docx").text
    assert text == "The limit is EUR 500^1 per claim and 10^6 per year."
    up, down = '<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>'
    body = paragraph(run("H") + run("2", down) + run("O, x") + run("n", up) + run("+1", up))
    assert text_of(body) == "H_(2)O, x^(n+1)"


def test_a_deleted_paragraph_end_joins_two_paragraphs() -> None:
    text = text_of(paragraph("Pay 5", "<w:rPr><w:del/></w:rPr>") + paragraph("00 EUR"))
    assert text == "Pay 500 EUR"


def test_ticks_and_choices_of_forms_are_read() -> None:
    text = read(CASES / "docx_form_fields_strike_hidden.docx").text
    assert "Any earlier claims? Yes ☒ No ☐\nRegion: South" in text
    ticked = (
        '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr>'
        f"<w:sdtContent>{run('?')}</w:sdtContent></w:sdt>"
    )
    assert text_of(paragraph(ticked + run(" yes"))) == "☒ yes"


def test_results_of_fields_are_shown_and_instructions_are_not() -> None:
    inner = mark("begin") + instruction("MERGEFIELD x") + mark("separate") + run("1") + mark("end")
    field = (
        mark("begin") + instruction(" IF ") + inner + mark("separate") + run("yes") + mark("end")
    )
    assert text_of(paragraph(run("a ") + field + run(" b"))) == "a yes b"


def test_a_field_may_run_over_paragraphs() -> None:
    first = mark("begin") + instruction("TOC") + mark("separate") + run("One")
    assert text_of(paragraph(first) + paragraph(run("Two") + mark("end"))) == "One\nTwo"


def test_fields_without_stored_value_or_end_are_named() -> None:
    for body in (
        mark("begin") + instruction(" LISTNUM ") + mark("end"),
        mark("begin") + instruction("X") + run("swallowed"),
    ):
        with pytest.raises(UnreadableDocument, match="1 field whose value"):
            read(word_file(paragraph(run("a") + body)))


def test_symbols_are_characters_or_named() -> None:
    sign = '<w:r><w:sym w:font="{}" w:char="{}"/></w:r>'
    body = paragraph(
        sign.format("Wingdings", "F0FC") + sign.format("Symbol", "F0B3")
        + run("þ", '<w:rFonts w:ascii="Wingdings"/>')
    )  # fmt: skip
    assert text_of(body) == "✓≥☑"
    with pytest.raises(UnreadableDocument, match="symbol font"):
        text_of(paragraph(run("a") + sign.format("Odd", "F0FC")))


def test_hyphens_tabs_and_line_ends_are_as_shown() -> None:
    body = "<w:r><w:t>a</w:t><w:softHyphen/><w:t>b\u00ad</w:t><w:noBreakHyphen/><w:t>c</w:t>"
    assert (
        text_of(f"<w:p>{body}<w:tab/><w:t>d</w:t><w:br/><w:t>e</w:t></w:r></w:p>") == "ab-c\td\ne"
    )


def test_equations_are_read_on_one_line() -> None:
    def e(name: str, *inner: str) -> str:
        return f"<m:{name}>{''.join(inner)}</m:{name}>"

    def t(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    fraction = e("f", e("num", t("a+b")), e("den", t("2")))
    power = e("sSup", e("e", t("x")), e("sup", t("10")))
    root = e("rad", e("deg"), e("e", t("y")))
    assert text_of(paragraph(e("oMath", fraction, t("="), power, t("+"), root))) == (
        "(a+b)/2=x^10+sqrt(y)"
    )
