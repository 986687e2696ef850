"""What stands around the text, is raised over it, or was struck from it."""

import re

import pytest

from aijobs.documents import UnreadableDocument

from .word_files import CASES, paragraph, read, run, text_of, word_file


def test_headers_and_footers_stand_once_at_the_top_and_at_the_end() -> None:
    text = read(CASES / "numbered.docx").text
    assert text.startswith("[header]\nCONFIDENTIAL POLICY 7731\n\n# Cover")
    assert text.endswith("\n\n[footer]\nValid until 31 December 2027")


def test_the_same_header_of_two_sections_is_read_once() -> None:
    section = '<w:sectPr><w:headerReference w:type="default" r:id="{}"/></w:sectPr>'.format
    body = paragraph("One", section("header")) + paragraph("Two") + section("header_2")
    text = text_of(body, header=paragraph("Draft"), header_2=paragraph("Draft"))
    assert text == "[header]\nDraft\n\nOne\nTwo"


@pytest.mark.parametrize(
    ("kind", "switch", "settings"),
    [("first", "<w:titlePg/>", ""), ("even", "", "<w:evenAndOddHeaders/>")],
)
def test_headers_that_are_switched_off_are_not_read(kind: str, switch: str, settings: str) -> None:
    reference = f'<w:headerReference w:type="{kind}" r:id="header"/>'
    parts = {"header": paragraph("Special")}
    body = paragraph("One") + f"<w:sectPr>{reference}{switch}</w:sectPr>"
    assert text_of(body, settings=settings, **parts) == "[header]\nSpecial\n\nOne"
    assert text_of(paragraph("One") + f"<w:sectPr>{reference}</w:sectPr>", **parts) == "One"


def test_notes_have_marks_in_the_text() -> None:
    text = read(CASES / "docx_footnotes.docx").text
    assert text == (
        "Storm is covered[note 1]. Hail is covered[note 2].\n\n# Notes\n\n"
        "[note 1] Only from force 8.\n[note 2] Not for glass roofs."
    )


def test_endnotes_have_marks_of_their_own() -> None:
    raised = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:{}Reference w:id="5"/></w:r>'
    body = paragraph("EUR 500", inner=raised.format("endnote") + raised.format("footnote"))
    text = text_of(
        body,
        footnotes=f'<w:footnote w:id="5">{paragraph("Net.")}{paragraph("Of tax.")}</w:footnote>',
        endnotes=f'<w:endnote w:id="5">{paragraph("A year.")}</w:endnote>',
    )
    assert text.startswith("EUR 500[note i][note 1]\n")
    assert "[note 1] Net.\nOf tax." in text
    assert "[note i] A year." in text


def test_notes_are_numbered_as_the_settings_say() -> None:
    form = '<w:endnotePr><w:numFmt w:val="upperLetter"/><w:numStart w:val="3"/></w:endnotePr>'
    body = paragraph("Storm", inner='<w:r><w:endnoteReference w:id="5"/></w:r>')
    endnotes = f'<w:endnote w:id="5">{paragraph("A year.")}</w:endnote>'
    assert text_of(body, endnotes=endnotes, settings=form).endswith("[note C] A year.")


def noted(*sections: str) -> list[str]:
    """The marks of two notes in each section."""
    marks = '<w:r><w:footnoteReference w:id="5"/></w:r><w:r><w:footnoteReference w:id="6"/></w:r>'
    first = "".join(
        paragraph("x", f"<w:sectPr><w:footnotePr>{one}</w:footnotePr></w:sectPr>", marks)
        for one in sections[:-1]
    )
    last = paragraph("x", inner=marks) + f"<w:sectPr><w:footnotePr>{sections[-1]}</w:footnotePr>"
    notes = "".join(f'<w:footnote w:id="{n}">{paragraph("y")}</w:footnote>' for n in (5, 6))
    document = read(word_file(first + last + "</w:sectPr>", footnotes=notes))
    found = re.findall(r"\[note (\w+)\]", document.text.partition("# Notes")[0])
    return [*found, *document.warnings]


def test_notes_begin_anew_in_each_section_that_says_so() -> None:
    anew = '<w:numRestart w:val="eachSect"/>'
    letters = '<w:numFmt w:val="lowerLetter"/>'
    assert noted("", letters, "") == ["1", "2", "c", "d", "5", "6"]
    assert noted(anew, letters + anew, "") == ["1", "2", "a", "b", "3", "4"]
    assert noted("", '<w:numStart w:val="7"/>' + anew) == ["1", "2", "7", "8"]


def test_notes_that_begin_anew_on_each_page_are_told() -> None:
    found = noted('<w:numRestart w:val="eachPage"/>')
    assert found == ["1", "2", "notes that begin anew on each page are counted through here"]


def test_a_note_whose_text_is_gone_is_missing() -> None:
    body = paragraph("Storm", inner='<w:r><w:footnoteReference w:id="7"/></w:r>')
    with pytest.raises(UnreadableDocument, match="note"):
        read(word_file(body))
    assert read(word_file(body), accept_partial=True).text == "Storm[note 1]"


def test_what_is_raised_is_never_fused() -> None:
    text = read(CASES / "docx_superscript.docx").text
    assert text == "The limit is EUR 500^1 per claim and 10^6 per year."


@pytest.mark.parametrize(
    ("raised", "after", "shown"),
    [
        ("6", " a year", "10^6 a year"),
        ("2", "y", "10^(2)y"),
        ("n+1", "", "10^(n+1)"),
        ("-6", " m", "10^(-6) m"),
    ],
)
def test_where_a_superscript_ends_is_clear(raised: str, after: str, shown: str) -> None:
    up = '<w:vertAlign w:val="superscript"/>'
    assert text_of(paragraph("10", inner=run(raised, up) + run(after))) == shown


def test_subscripts_and_raised_positions_are_marked() -> None:
    low = run("2", '<w:vertAlign w:val="subscript"/>')
    high = run("1", '<w:position w:val="6"/>')
    assert text_of(paragraph("CO", inner=low + run(" EUR 500") + high)) == "CO_2 EUR 500^1"


@pytest.mark.parametrize("name", ["strike", "dstrike", "vanish"])
@pytest.mark.parametrize("by_style", [False, True])
def test_struck_and_hidden_text_is_left_out_and_told(name: str, by_style: bool) -> None:
    styles = (
        f'<w:style w:type="character" w:styleId="Gone"><w:rPr><w:{name}/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Own"><w:basedOn w:val="Gone"/></w:style>'
    )
    properties = '<w:rStyle w:val="Own"/>' if by_style else f"<w:{name}/>"
    document = read(word_file(paragraph("Live", inner=run(" gone", properties)), styles=styles))
    assert document.text == "Live"
    assert len(document.warnings) == 1
    assert "left out" in document.warnings[0]


def test_text_is_shown_where_a_style_is_overruled() -> None:
    styles = '<w:style w:type="paragraph" w:styleId="S"><w:rPr><w:vanish/></w:rPr></w:style>'
    shown = run("Live", '<w:vanish w:val="0"/>')
    body = paragraph("hidden", '<w:pStyle w:val="S"/>', shown)
    assert text_of(body, styles=styles) == "Live"


def test_tracked_changes_are_read_as_if_accepted_and_told() -> None:
    inner = (
        f"<w:ins>{run('6')}</w:ins><w:del><w:r><w:delText>5</w:delText></w:r></w:del>"
        f"<w:moveFrom>{run('away')}</w:moveFrom><w:moveTo>{run(' here')}</w:moveTo>"
    )
    document = read(word_file(paragraph("Pay ", inner=inner)))
    assert document.text == "Pay 6 here"
    assert document.warnings == ("text deleted with tracked changes was left out",)


def test_a_paragraph_whose_end_was_deleted_runs_into_the_next() -> None:
    body = paragraph("Pay ", "<w:rPr><w:del/></w:rPr>") + paragraph("500")
    assert text_of(body) == "Pay 500"


def test_comments_are_counted() -> None:
    comments = "".join(f'<w:comment w:id="{n}">{paragraph("No!")}</w:comment>' for n in (1, 2))
    document = read(word_file(paragraph("Live"), comments=comments))
    assert document.text == "Live"
    assert document.warnings == ("2 comments were left out",)
