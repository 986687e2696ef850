"""Read the corpus, and write what came of it: `python -m tests.documents --write FILE`."""

# ruff: noqa: E501 - a row of a table is one line

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from aijobs.documents import Document, UnreadableDocument
from tests.documents.corpus import CASES, CORPUS, Case
from tests.documents.reading import read_document

HEAD = """\
# Documents

What is read of which kind of file, written by `make documents`. The files are in
tests/documents/cases, and what a person reads in them in tests/documents/corpus.py.

| kind | read | not read |
| --- | --- | --- |
| .txt, .md | all of it, in the encoding that it declares or that fits | |
| .html | what a browser shows: tables, numbers of lists, values of forms | style sheets are not applied |
| .docx, .docm | text, numbers as shown, tables, headers and footers, notes, form fields, boxes, charts | pictures are counted; embedded files are named |
| .odt, .rtf | the same, as far as the format has it | form controls of .odt are named |
| .pptx | slides, tables, charts, speaker notes | hidden slides are named; pictures |
| .pdf | text page by page, columns, tables, forms, notes | a page that cannot be read: the PDF goes to Claude as it is |
| .png, .jpg, .gif, .webp | nothing here: they go to Claude as they are | |
| .eml, .msg | headers and text; each attachment of the kinds above is a document of its own | other attachments are named; pictures within the text are counted |
| .csv, .tsv, .ndjson | rows, in UTF-8, UTF-16, windows-1252 and others | |
| .xlsx, .xlsm, .xls, .ods | cells as shown, of one sheet | hidden rows are counted; errors and formulas without a value are named |
| .zip | each file as above | archives within archives |

What cannot be read whole is refused by name, unless its sender sends `accept_partial`. Limits: 10 MB
a document, 300 MB a table or a ZIP, 2,000 pages of text, 600 pages or 23 MB of a PDF that goes as it
is, 3.7 MB an image (the API's own limits, with their sources in aijobs/documents/originals.py). All
documents of a job are one request: together 600 pages of such PDFs, 600 images and 32 MB in base64.
A mail has at most 50 attachments, those of mails within it counted, three mails deep; together they
keep to the seconds and the text of one file.

## The corpus

| file | in it | sent as | texts found, in order | wrong | warnings | seconds |
| --- | --- | --- | --- | --- | --- | --- |
"""


def rows() -> Iterator[str]:
    for case in CORPUS:
        began = time.perf_counter()
        try:
            read = read_document((CASES / case.file).read_bytes(), case.file)
        except UnreadableDocument as refused:
            yield f"| {case.file} | {case.about} | refused | | | {refused} | |"
            continue
        seconds = time.perf_counter() - began
        sent = "the file" if read.is_sent_as_file else "text"
        found = f"{found_in_order(case, read)} of {len(case.wanted)}" if case.wanted else ""
        wrong = "" if read.is_sent_as_file else str(wrong_in(case, read))
        warnings = "; ".join(read.warnings)
        yield (
            f"| {case.file} | {case.about} | {sent} | {found} | {wrong} | {warnings} | {seconds:.1f} |"
        )


def found_in_order(case: Case, read: Document) -> int:
    """How many of the wanted texts stand there, each behind the one before."""
    position = count = 0
    for text in case.wanted:
        at = read.text.find(text, position)
        if at >= 0:
            position, count = at + len(text), count + 1
    return count


def wrong_in(case: Case, read: Document) -> int:
    """How many texts stand there that should not."""
    return sum(text in read.text for text in case.unwanted)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path, required=True)
    path: Path = parser.parse_args().write
    path.write_text(HEAD + "\n".join(rows()) + "\n")


if __name__ == "__main__":
    main()
