"""Files of the corpus that Python makes, by their name."""

from collections.abc import Callable
from email.message import EmailMessage
from io import BytesIO

import docx
import openpyxl
import pptx
import xlsxwriter
from pptx.util import Inches

from .outlook_files import mail
from .pdf_files import Pdf, line, one_page
from .word_files import cell, paragraph, replaced, row, run, saved, table, word_file

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships'
    '+xml"/><Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def _word(body: str, **parts: str | bytes) -> bytes:
    """A Word file that says of each part what it is, as other programs ask for."""
    kinds = {name: name.partition("_")[0] for name in parts} | {"document": "document.main"}
    types = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    return replaced(word_file(body, **parts), {"[Content_Types].xml": _TYPES.format(types)})


def _level(depth: int, form: str, text: str) -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def skipped_levels() -> bytes:
    """Clauses whose second level is left out now and then."""
    levels = (
        _level(0, "decimal", "%1."),
        _level(1, "decimal", "%1.%2"),
        _level(2, "lowerLetter", "%1.%2 (%3)"),
    )
    lists = (
        '<w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="multilevel"/>'
        f'{"".join(levels)}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    )
    clauses = (
        (0, "Premium"), (2, "in advance"), (2, "in euros"), (1, "by bank"), (0, "Claims"),
        (1, "in writing"), (2, "within a week"), (0, "End"), (2, "by letter"),
    )  # fmt: skip
    body = "".join(
        paragraph(text, f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="1"/></w:numPr>')
        for depth, text in clauses
    )
    return _word(body, numbering=lists)


def notes_by_section() -> bytes:
    """Footnotes that begin anew in each section, in letters in the second."""
    marks = [f'<w:r><w:footnoteReference w:id="{number}"/></w:r>' for number in (2, 3, 4)]
    anew = '<w:numRestart w:val="eachSect"/>'
    first = f"<w:sectPr><w:footnotePr>{anew}</w:footnotePr></w:sectPr>"
    letters = f'<w:footnotePr><w:numFmt w:val="lowerLetter"/>{anew}</w:footnotePr>'
    body = (
        paragraph("Storm is insured", inner=marks[0] + run(" and hail") + marks[1])
        + paragraph("End of part one.", first)
        + paragraph("Theft is insured", inner=marks[2])
        + f"<w:sectPr>{letters}</w:sectPr>"
    )
    notes = "".join(
        f'<w:footnote w:id="{number}">{paragraph(text)}</w:footnote>'
        for number, text in ((2, "From force 8."), (3, "Not for glass."), (4, "By force only."))
    )
    return _word(body, footnotes=notes)


def hidden_by_table_style() -> bytes:
    """A table whose style hides the text of its first row."""
    styles = (
        '<w:style w:type="table" w:styleId="Quiet"><w:name w:val="Quiet"/>'
        '<w:tblStylePr w:type="firstRow"><w:rPr><w:vanish/></w:rPr></w:tblStylePr></w:style>'
    )
    rows = row(cell("internal"), cell("codes")) + row(cell("Hail"), cell("200"))
    look = '<w:tblPr><w:tblStyle w:val="Quiet"/><w:tblLook w:firstRow="1"/></w:tblPr>'
    return _word(paragraph("Cover") + f"<w:tbl>{look}<w:tblGrid/>{rows}</w:tbl>", styles=styles)


def tracked() -> bytes:
    """Inserted, deleted and moved text, a comment, and a row that was struck from a table."""
    body = (
        paragraph(
            "The excess is ",
            inner=f"<w:del><w:r><w:delText>EUR 100</w:delText></w:r></w:del>"
            f"<w:ins>{run('EUR 250')}</w:ins>{run(' a year.')}",
        )
        + f"<w:p><w:moveFrom>{run('Moved away.')}</w:moveFrom></w:p>"
        + paragraph("The term is one year.")
        + f"<w:p><w:moveTo>{run('Moved here.')}</w:moveTo></w:p>"
        + table(
            row(cell("Fire"), cell("10")),
            row(cell("Flood"), cell("20"), properties="<w:del/>"),
            row(cell("Hail"), cell("30")),
        )
    )
    note = f'<w:comment w:id="1">{paragraph("Too low?")}</w:comment>'
    return _word(body, comments=note)


def letter() -> bytes:
    """A letter by python-docx: styles, a table in a table, a header, tabs and breaks."""
    document = docx.Document()
    document.core_properties.author = ""
    document.sections[0].header.paragraphs[0].text = "Our sign: 88/2"
    document.add_heading("Notice of change", 0)
    document.add_paragraph("Dear tenant,\nyour rent changes.")
    document.add_heading("Reasons", 1)
    document.add_paragraph("New windows", style="List Number")
    document.add_paragraph("New roof", style="List Number")
    document.add_paragraph("See the plan", style="List Bullet")
    outer = document.add_table(rows=2, cols=2)
    outer.cell(0, 0).text = "Old rent"
    outer.cell(0, 1).text = "New rent"
    outer.cell(1, 0).text = "EUR 700"
    inner = outer.cell(1, 1).add_table(rows=1, cols=2)
    inner.cell(0, 0).text = "EUR 735"
    inner.cell(0, 1).text = "from May"
    document.add_paragraph("Water:\tEUR 40")
    return saved(document)


def shapes() -> bytes:
    """Slides by python-pptx: a group, a table, notes, and a text that is written upright."""
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Harvest"
    first.placeholders[1].text = "Apples are late\nPears are early"
    group = first.shapes.add_group_shape()
    box = group.shapes.add_textbox(Inches(1), Inches(5), Inches(3), Inches(1))
    box.text_frame.text = "Grouped remark"
    first.notes_slide.notes_text_frame.text = "Thank the pickers."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Yield"
    place = Inches(1), Inches(2), Inches(6), Inches(1)
    cells = second.shapes.add_table(3, 2, *place).table
    for index, text in enumerate(("Fruit", "Tons", "Apple", "41", "Pear", "17")):
        cells.cell(index // 2, index % 2).text = text
    deck.core_properties.author = deck.core_properties.last_modified_by = ""
    return saved(deck)


def claims() -> bytes:
    """A workbook by openpyxl: numbers as shown, merged cells, a column that is hidden."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Number", "Text", "Quote", "Inner"])
    sheet.append([42, "Broken window", 0.125, "x"])
    sheet.append([43, "Lost key", 1, "y"])
    for cells in sheet["A2:A3"]:
        cells[0].number_format = "00000"
    for cells in sheet["C2:C3"]:
        cells[0].number_format = "0.0%"
    book.properties.creator = ""
    return saved(book)


def prices() -> bytes:
    """A workbook by XlsxWriter: strings with parts in bold, dates, money."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Prices")
    bold = book.add_format({"bold": True})
    sheet.write_row(0, 0, ["Article", "Since", "Price"])
    sheet.write_rich_string(1, 0, "Ladder, ", bold, "three", " steps")
    sheet.write_number(1, 1, 46082, book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write_number(1, 2, 1249.5, book.add_format({"num_format": '#,##0.00 "EUR"'}))
    book.close()
    return out.getvalue()


def letter_with_enclosures() -> bytes:
    """A mail with two forms of its text, a Word file, a picture in the text, and another mail."""
    inner = EmailMessage()
    inner["Subject"] = "First notice"
    inner["From"] = "b@example.com"
    inner.set_content("The cellar is wet.\n")
    message = EmailMessage()
    message["Subject"] = "Schadensmeldung – Keller"
    message["From"] = "Anna Example <a@example.com>"
    message["To"] = "office@example.com"
    message["Date"] = "Thu, 26 Nov 2026 10:00:00 +0100"
    message.set_content("The plain text.\n")
    message.add_alternative("<p>The <b>rich</b> text: 5&nbsp;€.</p>", subtype="html")
    kind = "vnd.openxmlformats-officedocument.wordprocessingml.document"
    message.add_attachment(letter(), maintype="application", subtype=kind, filename="letter.docx")
    message.add_attachment(inner)
    return message.as_bytes()


def quoted_mail() -> bytes:
    """A mail in an old encoding, with an answer above what it answers."""
    text = "Zgoda, płacę 300 zł.\n\n> Czy zapłaci Pan jutro?\n"
    head = b"From: a@example.com\nSubject: =?iso-8859-2?q?Zap=B3ata?=\nMIME-Version: 1.0\n"
    kind = b"Content-Type: text/plain; charset=iso-8859-2\nContent-Transfer-Encoding: 8bit\n\n"
    return head + kind + text.encode("iso-8859-2")


def outlook_mail() -> bytes:
    """A mail of Outlook with a text file attached."""
    return mail(
        {
            0x0037: "Hail on the bonnet", 0x0C1A: "Anna Example", 0x0C1F: "a@example.com",
            0x1000: "The car stood outside.\r\n",
        },
        [{0x3701: b"List of dents: nine.", 0x3707: "dents.txt", 0x3705: 1}],
    )  # fmt: skip


def codes_for_glyphs() -> bytes:
    """A font whose letters are called /G21 and so on, without a map to Unicode."""
    pdf = Pdf()
    names = b" ".join(b"/G%02X" % code for code in range(33, 127))
    font = pdf.add(
        b"<</Type/Font/Subtype/Type1/BaseFont/ABCDEF+Own/FirstChar 33/LastChar 126/Widths[%s]"
        b"/Encoding<</Type/Encoding/Differences[33 %s]>>>>" % (b"500 " * 94, names)
    )
    pdf.page(line("The premium is due in May.", 72, 700) * 3, font=font)
    return pdf.written()


def codes_as_text() -> bytes:
    """A page that another program wrote without knowing its letters: (cid:12) for each."""
    text = "".join(f"(cid:{code})" for code in range(12, 24))
    return one_page(*(line(text, 72, 700 - 20 * row_) for row_ in range(5)))


def raised_figures() -> bytes:
    """Raised marks of notes and exponents, lowered indices, and a note below in small type."""
    drawn = [
        line("The limit is EUR 500", 72, 700, 11),
        line("1", 172.6, 704.5, 6.5),
        line("per claim and 10", 179.3, 700, 11),
        line("6", 261, 704.5, 6.5),
        line("per year.", 268, 700, 11),
        line("The gas is CO", 72, 680, 11),
        line("2", 144, 677.5, 6.5),
        line("only.", 150.7, 680, 11),
        line("1", 72, 103.5, 5.5),
        line("Not for glass roofs.", 76, 100, 9),
    ]
    return one_page(*drawn)


def headings() -> bytes:
    """Headings in larger type above text, a sum in large type, and a page of large type only."""
    pdf = Pdf()
    body = [
        "The insurer pays for hail when the car stood in the open and was locked.",
        "It pays for storm from force eight on, and for trees that fall on the car.",
        "Nothing is paid for scratches that were there before the damage came about.",
    ]
    first = [line("Motor insurance", 72, 770, 22), line("1 Cover", 72, 735, 15)]
    first += [line(text, 72, 715 - 14 * row_) for row_, text in enumerate(body)]
    first += [line("2 Excess", 72, 660, 15)]
    first += [line(text, 72, 640 - 14 * row_) for row_, text in enumerate(reversed(body))]
    pdf.page(b"".join(first))
    pdf.page(line("READ THE TERMS", 72, 700, 30) + line("before you sign", 72, 660, 30))
    return pdf.written()


def rtf_lists() -> bytes:
    """Lists whose numbers are not stored as text: a program counts them by the list table."""
    levels = (
        r"{\listlevel\levelnfc0\levelstartat1{\leveltext\'02\'00.;}{\levelnumbers\'01;}}"
        r"{\listlevel\levelnfc4\levelstartat1{\leveltext\'03(\'01);}{\levelnumbers\'02;}}"
    )
    bullets = r"{\listlevel\levelnfc23\levelstartat1{\leveltext\'01\u8226 ?;}{\levelnumbers;}}"
    lists = (
        rf"{{\*\listtable{{\list{levels}\listid11}}{{\list{bullets}\listid12}}}}"
        r"{\*\listoverridetable{\listoverride\listid11\listoverridecount0\ls1}"
        r"{\listoverride\listid12\listoverridecount0\ls2}}"
    )
    items = (
        (1, 0, "Pay the premium"), (1, 0, "Report damage"), (1, 1, "in writing"),
        (1, 1, "within a week"), (1, 0, "Keep receipts"), (2, 0, "A loose remark"),
    )  # fmt: skip
    body = "".join(rf"\pard\ls{ls}\ilvl{depth} {text}\par" + "\n" for ls, depth, text in items)
    note = r"\pard End.{\super\chftn{\footnote\pard\chftn  A footnote.}}"
    note += r"{\super\chftn{\footnote\ftnalt\pard\chftn  An endnote.}}\par"
    return (rf"{{\rtf1\ansi\ansicpg1252{{\fonttbl{{\f0 A;}}}}{lists}{body}{note}}}").encode()


LITHUANIAN = (
    "Draudikas atlygina žalą, kurią padarė kruša ar audra. Draudėjas privalo pranešti apie įvykį"
    " per septynias dienas. Įmoka yra šimtas dvidešimt eurų, ji mokama kiekvieną ketvirtį. Jei"
    " įmoka nesumokėta laiku, draudimas nustoja galioti po trisdešimties dienų."
)
POLISH = (
    "Ubezpieczyciel płaci za szkody wyrządzone przez grad. Składka wynosi sto dwadzieścia złotych i"
    " jest płatna co kwartał. Zgłoszenie należy złożyć w ciągu siedmiu dni od szkody."
)
CZECH = (
    "Pojistitel hradí škodu způsobenou krupobitím. Pojistné činí sto dvacet korun a platí se"
    " čtvrtletně. Škodu je třeba ohlásit do sedmi dnů, jinak nárok zaniká."
    " Kůň a žížala nejsou pojištěny."
)


def csv_of_poland() -> bytes:
    rows = ("Numer;Opis;Kwota", "1;Zalana łazienka;1 200,50 zł", "2;Pęknięta szyba;300,00 zł")
    more = (f"{number};Źle zamknięte drzwi, kradzież;{number}0 zł" for number in range(3, 9))
    return "\r\n".join([*rows, *more]).encode("cp1250")


MADE: dict[str, Callable[[], bytes]] = {
    "docx_skipped_levels.docx": skipped_levels,
    "docx_notes_by_section.docx": notes_by_section,
    "docx_hidden_by_table_style.docx": hidden_by_table_style,
    "docx_tracked.docx": tracked,
    "letter_python_docx.docx": letter,
    "shapes_python_pptx.pptx": shapes,
    "claims_openpyxl.xlsx": claims,
    "prices_xlsxwriter.xlsx": prices,
    "mail_with_enclosures.eml": letter_with_enclosures,
    "mail_iso_8859_2.eml": quoted_mail,
    "mail_outlook.msg": outlook_mail,
    "pdf_codes_for_glyphs.pdf": codes_for_glyphs,
    "pdf_codes_as_text.pdf": codes_as_text,
    "pdf_raised_figures.pdf": raised_figures,
    "pdf_headings.pdf": headings,
    "rtf_lists_without_text.rtf": rtf_lists,
    "txt_lithuanian_cp1257.txt": lambda: LITHUANIAN.encode("cp1257"),
    "txt_polish_cp1250.txt": lambda: POLISH.encode("cp1250"),
    "txt_czech_cp1250.txt": lambda: CZECH.encode("cp1250"),
    "csv_polish_cp1250.csv": csv_of_poland,
}
