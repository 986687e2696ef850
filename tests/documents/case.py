"""What a case of the corpus is, and how it is read."""

import io
from dataclasses import dataclass
from pathlib import Path

from aijobs.documents import UnreadableDocument, UnreadableTable, open_table, read_documents

CASES = Path(__file__).parent / "cases"
_TABLES = {".csv", ".xlsx", ".xls", ".ods"}


@dataclass(frozen=True, slots=True)
class Case:
    """`wanted` are texts that must be in what is read, in this order; `unwanted` must not be.

    Where lines end and how many spaces stand between words does not count.
    """

    file: str
    about: str
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    refusal: str = ""
    """A part of the sentence by which the file is refused; nothing where it is read."""
    is_sent: bool = False
    """Whether the file has to be sent as it is, because its text cannot be told."""
    known: tuple[str, ...] = ()
    """Those of the wanted texts that are known not to be found, and of the unwanted that are."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of a case."""

    text: str = ""
    is_sent: bool = False
    refusal: str = ""
    warnings: tuple[str, ...] = ()


def read(case: Case) -> Reading:
    """What is read of a document, or the header and the rows of a table."""
    data = (CASES / case.file).read_bytes()
    try:
        if Path(case.file).suffix in _TABLES:
            return Reading(_rows(data, case.file))
        documents = read_documents(data, case.file)
    except (UnreadableDocument, UnreadableTable) as refused:
        return Reading(refusal=str(refused))
    # Of a mail, what is attached to it are further documents.
    return Reading(
        "\n\n".join(
            f"{one.name if number else ''}\n{one.text}" for number, one in enumerate(documents)
        ),
        any(one.is_sent_as_file for one in documents),
        warnings=tuple(warning for one in documents for warning in one.warnings),
    )


def _rows(data: bytes, name: str) -> str:
    with open_table(io.BytesIO(data), name) as table:
        rows = [
            [*map(str, cells.values()), *(f"[{reason}]" for reason in errors.values())]
            for _, cells, errors in table.rows()
        ]
        return "\n".join(" | ".join(row) for row in [list(table.header or ()), *rows])


def spaced(text: str) -> str:
    """The text with one space wherever there are any."""
    return " ".join(text.split())


def missing_in(case: Case, text: str) -> list[str]:
    """The wanted texts that do not stand there behind the one before."""
    text = spaced(text)
    position = 0
    missing = []
    for wanted in map(spaced, case.wanted):
        at = text.find(wanted, position)
        if at < 0:
            missing.append(wanted)
        else:
            position = at + len(wanted)
    return missing


def wrong_in(case: Case, text: str) -> list[str]:
    """The texts that stand there and should not."""
    text = spaced(text)
    return [unwanted for unwanted in case.unwanted if spaced(unwanted) in text]
