"""Read the corpus, and write what came of it: `python -m tests.documents --write FILE`."""

# ruff: noqa: E501 - a row of a table is one line

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from tests.documents.case import missing_in, read, wrong_in
from tests.documents.corpus import CORPUS

HEAD = """\
# Documents

What is read of which kind of file, written by `make documents`. The files are in
tests/documents/cases, and what a person reads in them in tests/documents/corpus.py; how they were
made stands in tests/documents/make_cases.py, and what other libraries make of them in
[a decision](decisions/0027-reading-office-files.md).

| kind | read | not read |
| --- | --- | --- |
| .txt, .md | all of it, in the encoding that it declares or that fits | |
| .html | what a browser shows: tables, numbers of lists, values of forms | style sheets, but for simple rules that hide |
| .docx, .docm | text, numbers as shown, tables, headers and footers, notes, form fields, boxes, charts | pictures are counted; embedded files are named |
| .odt, .rtf | the same, as far as the format has it | |
| .pptx | slides, tables, charts, speaker notes | hidden slides are named; pictures |
| .pdf | text page by page, columns, tables, forms, notes | a page that cannot be read: the PDF goes to Claude as it is |
| .png, .jpg, .gif, .webp | nothing here: they go to Claude as they are | |
| .eml, .msg | headers and text; each attachment of the kinds above is a document of its own | other attachments are named; pictures within the text are counted |
| .csv, .tsv, .ndjson | rows, in UTF-8, UTF-16, code pages of Windows and others | |
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
        found = read(case)
        seconds = time.perf_counter() - began
        if found.refusal:
            yield f"| {case.file} | {case.about} | refused | | | {found.refusal} | |"
            continue
        sent = "the file" if found.is_sent else "text"
        wanted = len(case.wanted)
        there = f"{wanted - len(missing_in(case, found.text))} of {wanted}" if wanted else ""
        wrong = "" if found.is_sent else str(len(wrong_in(case, found.text)))
        warnings = "; ".join(found.warnings)
        yield (
            f"| {case.file} | {case.about} | {sent} | {there} | {wrong} | {warnings}"
            f" | {seconds:.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path, required=True)
    path: Path = parser.parse_args().write
    path.write_text(HEAD + "\n".join(rows()) + "\n")


if __name__ == "__main__":
    main()
