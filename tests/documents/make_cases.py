"""Makes files of the corpus anew: `python -m tests.documents.make_cases FOLDER`.

Those made by Python come from `case_files`; the others from tests/documents/sources, by the program
in their name: LibreOffice 7.4, pandoc 2.17, Chromium 156, typst 0.15, reportlab 5.1, fpdf2 2.8,
msoffcrypto-tool 6.1. What is not installed is passed over. Files differ from one run and version to
the next, so they are made into another folder, and taken over by hand.
"""

import argparse
import importlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.documents.case_files import MADE
from tests.documents.word_files import packed

SOURCES = Path(__file__).parent / "sources"
_CONVERTED = {
    "contract.fodt": ("docx", "odt", "rtf", "pdf", "html"),
    "brochure.fodt": ("pdf", "docx"),
    "slides.fodp": ("pptx", "odp", "pdf"),
    "sheet.fods": ("xlsx", "ods", "xls"),
}
_PANDOC = {"policy.md": ("docx", "odt", "rtf", "html"), "slides.md": ("pptx",)}
_PRINTED = ("page.html", "three_columns.html", "right_to_left.html")
_COPIED = ("policy.md", "page.html", "right_to_left.html")
_SET = ("paper.typ", "long_table.typ")


def _ran(*command: str | Path) -> bool:
    program = shutil.which(str(command[0]))
    if program is None:
        sys.stderr.write(f"{command[0]} is not installed.\n")
        return False
    return not subprocess.run([program, *command[1:]], check=False, capture_output=True).returncode


def _by_libreoffice(folder: Path, source: Path, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as own:
        # A profile of its own has no name of a person that would go into the files.
        profile = f"-env:UserInstallation=file://{own}/profile"
        _ran("soffice", "--headless", profile, "--convert-to", suffix, "--outdir", own, source)
        made = Path(own) / f"{source.stem}.{suffix}"
        if made.exists():
            shutil.copy(made, folder / f"{source.stem}_libreoffice.{suffix}")


def _printed(folder: Path, source: Path) -> None:
    made = folder / f"{source.stem}_chromium.pdf"
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer")
    _ran("chromium", *options, f"--print-to-pdf={made}", source.resolve().as_uri())


def _form(folder: Path) -> None:
    """LibreOffice without its forms drops them; the same XML in a ZIP is a file of its format."""
    content = (SOURCES / "form.fodt").read_text()
    content = content.replace("<office:document ", "<office:document-content ", 1)
    content = content.replace("</office:document>", "</office:document-content>")
    kind = "application/vnd.oasis.opendocument.text"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    parts = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}
    (folder / "odt_form_controls.odt").write_bytes(packed(parts))


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        sys.stderr.write(f"{name} is not installed.\n")
        return None


def _set(folder: Path) -> None:
    typst = _library("typst")
    for name in _SET if typst else ():
        source = SOURCES / name
        typst.compile(str(source), output=str(folder / f"{source.stem}_typst.pdf"))


def _by_reportlab(folder: Path) -> None:
    """A form with values, text at all four turns, and two columns that flow over two pages."""
    canvas = _library("reportlab.pdfgen.canvas")
    if not canvas:
        return
    drawn = canvas.Canvas(str(folder / "form_reportlab.pdf"), invariant=1)
    drawn.drawString(72, 760, "Claim form")
    for label, text, y in (("Name", "Jane Example", 720), ("Sum", "EUR 4,200", 690)):
        drawn.drawString(72, y, f"{label}:")
        drawn.acroForm.textfield(name=label, value=text, x=130, y=y - 6, width=200, height=20)
    drawn.drawString(72, 660, "Water damage")
    drawn.acroForm.checkbox(name="water", checked=True, x=160, y=656)
    drawn.drawString(72, 630, "Fire damage")
    drawn.acroForm.checkbox(name="fire", checked=False, x=160, y=626)
    drawn.drawString(72, 600, "Region:")
    region = {"value": "South", "options": ["North", "South"]}
    drawn.acroForm.choice(name="region", x=130, y=594, width=120, height=20, **region)
    drawn.save()
    drawn = canvas.Canvas(str(folder / "turned_reportlab.pdf"), invariant=1)
    for turn, words in enumerate(("upright", "turned once", "turned twice", "turned thrice")):
        drawn.setPageRotation(90 * turn)
        drawn.drawString(100, 500, f"This page is {words} by its own entry.")
        drawn.drawString(100, 480, "It has a second line below the first.")
        drawn.saveState()
        drawn.translate(60, 200)
        drawn.rotate(90)
        drawn.drawString(0, 0, "A line along the edge.")
        drawn.restoreState()
        drawn.showPage()
    drawn.save()


def _by_fpdf2(folder: Path) -> None:
    """A table with lines, and two protected files: one needs a password, one forbids printing."""
    fpdf = _library("fpdf")
    if not fpdf:
        return
    pdf = fpdf.FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.cell(text="Rates of the car park", new_x="LMARGIN", new_y="NEXT")
    with pdf.table(width=160, col_widths=(60, 40, 60)) as table:
        for cells in (
            ("Time", "Euros", "Remark"),
            ("First hour", "2.00", "free for residents who show a card at the gate"),
            ("Each further hour", "1.50", ""),
            ("Day", "12.00", "also on Sundays"),
        ):
            row = table.row()
            for text in cells:
                row.cell(text)
    pdf.output(str(folder / "table_fpdf2.pdf"))
    for name, password in (("password", "secret"), ("print_forbidden", "")):
        pdf = fpdf.FPDF()
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        pdf.cell(text="The rent is EUR 700.")
        pdf.set_encryption(owner_password="owner", user_password=password, permissions=0)
        pdf.output(str(folder / f"pdf_{name}.pdf"))


def _protected(folder: Path) -> None:
    """A Word file with a password."""
    library = _library("msoffcrypto.format.ooxml")
    if library:
        source = io.BytesIO(MADE["docx_tracked.docx"]())
        with (folder / "docx_password.docx").open("wb") as target:
            library.OOXMLFile(source).encrypt("secret", target)


def _without_names(file: Path) -> bool:
    """Whether no author, company or folder of this machine stands in the file."""
    texts: Iterator[bytes] = iter([file.read_bytes()])
    if zipfile.is_zipfile(file):
        archive = zipfile.ZipFile(file)
        texts = (archive.read(name) for name in archive.namelist())
    return not any(str(Path.home()).encode() + b"/" in text for text in texts)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in MADE.items():
        (folder / name).write_bytes(make())
    for name in _COPIED:
        shutil.copy(SOURCES / name, folder / name)
    for name, suffixes in _CONVERTED.items():
        for suffix in suffixes:
            _by_libreoffice(folder, SOURCES / name, suffix)
    for name, suffixes in _PANDOC.items():
        for suffix in suffixes:
            source = SOURCES / name
            _ran("pandoc", "-s", source, "-o", folder / f"{source.stem}_pandoc.{suffix}")
    for name in _PRINTED:
        _printed(folder, SOURCES / name)
    _form(folder)
    _set(folder)
    _by_reportlab(folder)
    _by_fpdf2(folder)
    _protected(folder)
    for made in sorted(folder.iterdir()):
        if not _without_names(made):
            sys.stderr.write(f"{made.name} has a name of this machine in it.\n")


if __name__ == "__main__":
    main()
