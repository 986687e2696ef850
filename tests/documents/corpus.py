"""Files of each kind, what a person reads in them, and what nobody should read out of them."""

from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """`wanted` are texts that must be in what is read, in this order; `unwanted` must not be."""

    file: str
    about: str
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()
    is_refused: bool = False


CORPUS = (
    Case(
        "numbered.docx",
        "automatic numbers, header, footer, table",
        (
            "CONFIDENTIAL POLICY 7731",
            "# Cover",
            "1. The insurer pays for hail.",
            "2. The insured reports within 7 days.",
            "3. Clause 2 does not apply abroad.",
            "Valid until 31 December 2027",
        ),
    ),
    Case(
        "docx_cell_in_content_control.docx",
        "a cell in a content control",
        ("| Flood | 250 000 | 1 500 |",),
    ),
    Case(
        "docx-merged-cells.docx",
        "merged cells, cells left out",
        ("| Roof | 600 (both) |  | 50 |", "|  | 100 | 10 |"),
    ),
    Case("docx-textbox-glued.docx", "a text box", ("EUR 300",), ("EUR 30000",)),
    Case("docx_superscript.docx", "superscripts", ("EUR 500^1", "10^6"), ("5001", "106")),
    Case(
        "docx_footnotes.docx",
        "footnotes",
        ("[note 1]", "[note 2]", "# Notes", "Only from force 8."),
    ),
    Case(
        "docx_form_fields_strike_hidden.docx",
        "form fields, struck and hidden text",
        ("Yes ☒ No ☐", "Region: South"),
    ),
    Case("docx_strict.docx", "Strict Open XML", ("A perfectly ordinary letter.",)),
    Case("twocol.pdf", "two columns", ("hail", "exclu")),
    Case(
        "mixed.pdf",
        "a page of text, three scans",
        ("Cover letter: please find the policy enclosed.",),
    ),
    Case("pdf-scan-with-stamp.pdf", "five scans with a stamp each", ()),
    Case("pdf-one-page-broken.pdf", "a damaged page", ()),
    Case("pdf_filled_form.pdf", "a filled form", ("Jane Example", "12 345 EUR", "☒")),
    Case("pdf_font_without_mapping.pdf", "a font without a map", (), ("/g1",)),
    Case("pdf_ligature_maps_to_nul.pdf", "ligatures that map to NUL", (), ("ofcer",)),
    Case("html_table_with_empty_cells.html", "empty cells", ("| Flood |  | 9 |",)),
    Case("html_form_and_deleted.html", "forms, deleted and hidden text, numbers", ()),
    Case("txt_en_euros_cp1252.txt", "windows-1252", ("€5,000", "Müller", "€250")),
    Case("txt_utf8_one_bad_byte.txt", "UTF-8 with a broken byte", (), is_refused=True),
    Case("mail.eml", "a mail", ("Subject:",)),
)
