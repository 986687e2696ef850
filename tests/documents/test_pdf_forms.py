import pytest

from aijobs.documents import Document, UnreadableDocument
from tests.documents.pdf_files import CASES, Pdf, line, one_page
from tests.documents.reading import read_document


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(data, "a.pdf", read_as="text")
    return str(caught.value)


def part(data: bytes) -> Document:
    return read_document(data, "a.pdf", read_as="text", accept_partial=True)


def with_annotations(*annotations: bytes, catalog: bytes = b"", fields: bool = False) -> bytes:
    """A page "Name:" and "Agreed:" with these annotations, which are fields of a form as well."""
    pdf = Pdf()
    numbers = [pdf.add(b"<</Type/Annot/F 4%s>>" % annotation) for annotation in annotations]
    listed = b" ".join(b"%d 0 R" % number for number in numbers)
    pdf.page(line("Name:", 72, 700) + line("Agreed:", 72, 660), entries=b"/Annots[%s]" % listed)
    if fields:
        catalog += b"/AcroForm<</Fields[%s]/DA(/F1 10 Tf)>>" % listed
    return pdf.written(catalog)


def widget(entries: bytes, y: int) -> bytes:
    return b"/Subtype/Widget/Rect[200 %d 400 %d]%s" % (y - 5, y + 15, entries)


def test_values_of_a_form_stand_beside_their_labels() -> None:
    read = read_document((CASES / "pdf_filled_form.pdf").read_bytes(), "a.pdf")
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in read.text.split("\n")]
    assert ["Name:", "Jane Example"] in rows
    assert ["Amount claimed:", "12 345 EUR"] in rows
    assert ["Police informed:", "☒"] in rows


def test_fields_that_are_not_ticked_or_not_filled_are_read_as_such() -> None:
    off = b"/FT/Btn/T(agreed)/V/Off/AS/Off/AP<</N<</Yes 4 0 R/Off 4 0 R>>>>"
    data = with_annotations(widget(b"/FT/Tx/T(name)", 700), widget(off, 660), fields=True)
    assert [part.split() for part in read_document(data, "a.pdf").text.split("\n")[1:] if part] == [
        ["Name:"],
        ["Agreed:", "☐"],
    ]


def test_all_lines_of_a_value_and_what_is_chosen_of_a_list_are_read() -> None:
    data = with_annotations(
        widget(b"/FT/Tx/Ff 4096/T(name)/V(Jane Example\\rHarbour Road 1)", 700),
        widget(b"/FT/Ch/T(agreed)/Opt[(hail)(flood)(war)]/V(flood)/I[1]", 660),
        fields=True,
    )
    text = read_document(data, "a.pdf").text
    assert text.index("Jane Example") < text.index("Harbour Road 1") < text.index("flood")
    assert "hail" not in text


def test_a_hidden_field_is_not_read() -> None:
    data = with_annotations(widget(b"/FT/Tx/T(name)/V(secret)/F 2", 700), fields=True)
    assert "secret" not in read_document(data, "a.pdf").text


def test_a_note_that_is_written_on_the_page_is_read() -> None:
    data = with_annotations(b"/Subtype/FreeText/Rect[200 695 400 715]/Contents(not valid abroad)")
    assert "not valid abroad" in read_document(data, "a.pdf").text


def test_a_comment_is_left_out_and_counted() -> None:
    data = with_annotations(b"/Subtype/Text/Rect[200 695 220 715]/Contents(ask the boss)")
    read = read_document(data, "a.pdf")
    assert "boss" not in read.text
    assert read.warnings == ("comments were left out (1)",)


@pytest.mark.parametrize("kind", [b"Stamp", b"Ink"])
def test_a_page_with_a_stamp_over_it_is_named(kind: bytes) -> None:
    data = with_annotations(b"/Subtype/%s/Rect[200 600 400 715]" % kind)
    assert "page 1 has stamps or drawings laid over it that cannot be read" in refusal(data)


def test_embedded_files_are_counted_and_not_quoted() -> None:
    names = b"/Names<</EmbeddedFiles<</Kids[<</Names[(secret.pdf)<<>>(b.pdf)<<>>]>>]>>>>"
    pdf = Pdf()
    pdf.page(line("Cover sheet", 72, 700))
    read = read_document(pdf.written(names), "a.pdf")
    assert read.warnings == ("files embedded in the PDF were not read (2)",)
    assert "Cover sheet" in read.text
    message = refusal(pdf.written(names + b"/Collection<</View/D>>"))
    assert "the files of the portfolio (2)" in message
    assert "secret" not in message


def test_a_file_that_a_pin_opens_is_counted() -> None:
    data = with_annotations(b"/Subtype/FileAttachment/Rect[200 695 220 715]/FS<</F(a.xlsx)>>")
    read = read_document(data, "a.pdf")
    assert read.warnings == ("files embedded in the PDF were not read (1)",)


def test_a_dynamic_form_is_refused_by_name() -> None:
    pdf = Pdf()
    number = pdf.stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'></xdp:xdp>")
    pdf.page(line("Please wait... If this message is not eventually replaced", 72, 700))
    for needed in (b"/NeedsRendering true", b""):
        catalog = b"/AcroForm<</Fields[]/XFA %d 0 R>>%s" % (number, needed)
        assert "dynamic form (XFA)" in refusal(pdf.written(catalog))


def test_scripts_of_a_form_are_not_run() -> None:
    script = b"/OpenAction<</S/JavaScript/JS(this.getField('name').value = 'changed';)>>"
    data = with_annotations(
        widget(b"/FT/Tx/T(name)/V(as it was)", 700), catalog=script, fields=True
    )
    text = read_document(data, "a.pdf").text
    assert "as it was" in text
    assert "changed" not in text


def test_bookmarks_are_not_text() -> None:
    pdf = Pdf()
    pdf.page(line("Terms", 72, 700))
    first = len(pdf.objects) + 2
    outlines = pdf.add(b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count 1>>" % (first, first))
    pdf.add(b"<</Title(Chapter)/Parent %d 0 R>>" % outlines)
    data = pdf.written(b"/Outlines %d 0 R" % outlines)
    assert read_document(data, "a.pdf").text == "[page 1]\nTerms"


def test_pages_are_not_said_to_be_missing_when_none_is() -> None:
    assert read_document(one_page(line("Terms", 72, 700)), "a.pdf").warnings == ()
