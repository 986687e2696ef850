import base64

import pytest

from aijobs.documents import Document, UnreadableDocument
from tests.documents.pdf_files import CASES, Pdf, image, line, one_page
from tests.documents.reading import read_document

PROSE = b"".join(
    line(
        "The insurer pays for loss by hail, storm and flood as agreed in clause 4.",
        72,
        760 - 14 * i,
    )
    for i in range(40)
)


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_document(data, "a.pdf", read_as="text")
    return str(caught.value)


def part(data: bytes) -> Document:
    return read_document(data, "a.pdf", read_as="text", accept_partial=True)


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def test_scanned_pages_among_others_are_named_together() -> None:
    assert "pages 2–4 have no text that can be read (a scan?)" in refusal(case("mixed.pdf"))
    read = part(case("mixed.pdf"))
    assert "Cover letter: please find the policy enclosed." in read.text
    assert read.text.endswith("[page 2]\n\n[page 3]\n\n[page 4]")


def test_a_stamp_does_not_make_a_scan_readable() -> None:
    assert "pages 1–5 have little text beside their images" in refusal(
        case("pdf-scan-with-stamp.pdf")
    )


def test_a_page_whose_stream_is_damaged_is_named() -> None:
    assert "page 2 is damaged in the file" in refusal(case("pdf-one-page-broken.pdf"))


@pytest.mark.parametrize("lost", [1, 20, 60])
def test_a_stream_that_is_cut_off_is_named_though_its_start_is_read(lost: int) -> None:
    pdf = Pdf()
    pdf.page(line("First", 72, 700))
    whole = Pdf()
    whole.page(PROSE)
    data = next(body for body in whole.objects if b"/FlateDecode" in body)
    packed = data.partition(b"stream\n")[2].removesuffix(b"\nendstream")
    cut = packed[: -4 - lost]
    pdf.page(b"", raw=pdf.stream(cut, b"/Filter/FlateDecode"))
    assert "page 2 is damaged" in refusal(pdf.written())


def test_a_stream_without_its_checksum_loses_nothing() -> None:
    pdf = Pdf()
    whole = Pdf()
    whole.page(PROSE)
    data = next(body for body in whole.objects if b"/FlateDecode" in body)
    packed = data.partition(b"stream\n")[2].removesuffix(b"\nendstream")
    pdf.page(b"", raw=pdf.stream(packed[:-4], b"/Filter/FlateDecode"))
    assert read_document(pdf.written(), "a.pdf").text.count("clause 4.") == 40


@pytest.mark.parametrize("name", ["pdf_font_without_mapping.pdf", "pdf_ligature_maps_to_nul.pdf"])
def test_letters_that_a_font_does_not_name_are_no_text(name: str) -> None:
    assert "letters that its fonts do not name" in refusal(case(name))


def test_a_page_that_lacks_some_letters_is_read_as_a_part_with_marks_for_them() -> None:
    read = part(case("pdf_ligature_maps_to_nul.pdf"))
    assert read.text == "[page 1]\nThe of\ufffdcer con\ufffdrmed the bene\ufffdt."
    assert read.warnings == ("page 1 has letters that its fonts do not name",)


@pytest.mark.parametrize(
    "name",
    [
        "mixed.pdf",
        "pdf-scan-with-stamp.pdf",
        "pdf-one-page-broken.pdf",
        "pdf_font_without_mapping.pdf",
    ],
)
def test_a_pdf_of_which_a_page_cannot_be_read_is_sent_as_it_is(name: str) -> None:
    read = read_document(case(name), name)
    assert read.is_sent_as_file
    assert read.part.data == base64.b64encode(case(name)).decode()
    assert read.warnings


def test_a_pdf_is_sent_as_it_is_on_request() -> None:
    assert read_document(case("twocol.pdf"), "a.pdf", read_as="original").is_sent_as_file
    assert not read_document(case("twocol.pdf"), "a.pdf").is_sent_as_file


@pytest.mark.parametrize("code", ["(cid:12)(cid:7)(cid:90)", "/g1/g22/g3 /g7", "/G21/G33/G05"])
def test_codes_of_glyphs_are_no_text(code: str) -> None:
    assert "letters that its fonts do not name" in refusal(one_page(line(code, 72, 700)))


def test_a_font_by_numbers_without_a_map_is_named() -> None:
    pdf = Pdf()
    descriptor = pdf.add(
        b"<</Type/FontDescriptor/FontName/Odd/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0"
        b"/Ascent 800/Descent -200/CapHeight 700/StemV 80>>"
    )
    inner = pdf.add(
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Odd/CIDSystemInfo<</Registry(Adobe)"
        b"/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/DW 500>>" % descriptor
    )
    font = pdf.add(
        b"<</Type/Font/Subtype/Type0/BaseFont/Odd/Encoding/Identity-H/DescendantFonts[%d 0 R]>>"
        % inner
    )
    pdf.page(b"BT /F1 12 Tf 72 700 Td <0024002500260027> Tj ET", font=font)
    assert "letters that its fonts do not name" in refusal(pdf.written())


def test_an_empty_page_is_fine() -> None:
    pdf = Pdf()
    pdf.page(line("First", 72, 700))
    pdf.page(b"1 w 20 20 555 800 re S")
    pdf.page(line("Third", 72, 700))
    read = read_document(pdf.written(), "a.pdf")
    assert read.text == "[page 1]\nFirst\n\n[page 2]\n\n[page 3]\nThird"
    assert read.pages == 3


def test_letters_that_are_drawn_as_outlines_are_named() -> None:
    curves = b"".join(b"%d 100 m 5 5 6 6 7 7 c 8 8 9 9 10 10 c f " % x for x in range(60))
    pdf = Pdf()
    pdf.page(line("First", 72, 700))
    pdf.page(curves)
    assert "page 2 has no text that can be read" in refusal(pdf.written())


def test_a_page_full_of_text_may_lie_on_a_picture() -> None:
    assert not read_document(one_page(image(0, 0, 595, 842), PROSE), "a.pdf").warnings


def test_a_logo_beside_a_short_letter_is_no_scan() -> None:
    data = one_page(image(400, 760, 150, 50), line("We accept your offer.", 72, 600))
    assert read_document(data, "a.pdf").text == "[page 1]\nWe accept your offer."


def test_text_of_recognition_under_a_scan_is_read_and_told() -> None:
    data = one_page(image(0, 0, 595, 842), b"3 Tr\n", PROSE)
    read = read_document(data, "a.pdf")
    assert read.text.count("clause 4.") == 40
    assert read.warnings == ("page 1 has text from text recognition (OCR)",)


def test_words_that_nobody_sees_are_left_out_and_counted() -> None:
    data = one_page(
        line("Visible terms", 72, 700),
        b"3 Tr\n",
        line("Ignore this", 72, 600),
        b"0 Tr\n",
        line("Beyond", 900, 500),
    )
    read = read_document(data, "a.pdf")
    assert read.text == "[page 1]\nVisible terms"
    assert read.warnings == ("hidden words were left out (3)",)


def test_a_stream_that_unpacks_to_more_than_is_accepted_is_refused() -> None:
    assert "more than is accepted" in refusal(one_page(b" " * 120_000_000))


def test_a_damaged_list_of_objects_is_rebuilt_and_told() -> None:
    data = one_page(line("Terms", 72, 700)).replace(b"\n1 0 obj", b"\n1 0 #bj")
    read = read_document(data, "a.pdf")
    assert read.text == "[page 1]\nTerms"
    assert read.warnings == ("the structure of the PDF is damaged and was rebuilt",)


def test_a_page_whose_stream_is_not_in_the_file_is_named() -> None:
    pdf = Pdf()
    pdf.page(line("First", 72, 700))
    pdf.page(b"", raw=99)
    assert "page 2 is damaged in the file" in refusal(pdf.written())


def test_a_stream_that_all_pages_share_is_judged_for_each() -> None:
    pdf = Pdf()
    damaged = pdf.stream(b"not deflated at all", b"/Filter/FlateDecode")
    pdf.page(line("First", 72, 700))
    pdf.page(b"", raw=damaged)
    pdf.page(b"", raw=damaged)
    assert "pages 2–3 are damaged in the file" in refusal(pdf.written())


def test_a_form_within_the_page_that_is_damaged_is_named() -> None:
    pdf = Pdf()
    pdf.image = pdf.stream(
        b"not deflated at all", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Filter/FlateDecode"
    )
    pdf.page(line("First", 72, 700) + b"/Im Do")
    assert "page 1 is damaged in the file" in refusal(pdf.written())
