"""How fast a ZIP of documents is read: `python -m tests.documents.archive_speed FILES`."""

import io
import sys
import time
import zipfile
from itertools import cycle, islice

from aijobs.documents.archives import read_archive
from tests.documents.docx_files import CASES

# One of each kind that a reader is confined for, and a plain text.
MIXED = [
    CASES / name
    for name in (
        "twocol.pdf",
        "numbered.docx",
        "html_table_with_empty_cells.html",
        "mail.eml",
        "r.rtf",
        "txt_en_euros_cp1252.txt",
    )
]


def archive(files: int) -> io.BytesIO:
    """A ZIP of so many files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into:
        for number, path in enumerate(islice(cycle(MIXED), files)):
            into.writestr(f"{number:04}{path.suffix}", path.read_bytes())
    return packed


def main() -> None:
    packed = archive(int(sys.argv[1]))
    began = time.perf_counter()
    members = list(read_archive(packed)[0])
    seconds = time.perf_counter() - began
    bad = sum(bool(one.error) for one in members)
    sys.stdout.write(f"{len(members)} files, {bad} unread, {len(members) / seconds:.0f} a second\n")


if __name__ == "__main__":
    main()
