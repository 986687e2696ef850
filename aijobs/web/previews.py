"""What would become of a table: which column is which field, its first rows, what is wrong."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from aijobs.documents import HowToRead, UnmappedTable, UnreadableTable, guess_columns
from aijobs.documents.archives import is_archive
from aijobs.documents.mapping import Item, fields_of, items_of, items_of_archive
from aijobs.documents.tables import open_table
from aijobs.jobtypes import TEXT_ALIASES, TEXT_FIELD, InvalidInput, JobType
from aijobs.jobtypes.text import cut
from aijobs.pipeline import accept
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from aijobs.templatetags.show import field_label
from aijobs.web.offers import Offer, of_bill
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant

SHOWN_ROWS = 5
SHOWN_COLUMNS = 12
SHOWN_NUMBERS = 10
SHOWN_GROUPS = 50
CELL_CHARS = 160
# NDJSON has no header: the keys of its first objects stand for one.
_LINES_LOOKED_AT = 100
_PREFIX = "columns."
REQUIRED = "This field is required."
EMPTY_CELL = "The cell is empty."
_OF_ALL = {"items", "non_field_errors"}
_LABELS = {
    TEXT_FIELD: "Document text",
    "reference": "Reference",
    "needed_within": "Needed within (seconds)",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form says about a table. `columns` is None where nobody has chosen yet."""

    sheet: str | None
    columns: dict[str, str] | None

    @classmethod
    def of(cls, posted: Mapping[str, str]) -> "Choice":
        columns = {
            name.removeprefix(_PREFIX): str(value)
            for name, value in posted.items()
            if name.startswith(_PREFIX)
        }
        return cls(posted.get("sheet") or None, columns or None)


@dataclass(frozen=True, slots=True)
class Work:
    """What the form says about all rows of a table, and for whom."""

    tenant: Tenant
    kind: JobType
    defaults: Mapping[str, object]
    needed_within: float | None
    fresh: bool
    trial: int = 0


@dataclass(slots=True)
class Group:
    """Rows with the same error: how many, and the numbers of the first ones."""

    subject: str
    message: str
    count: int = 0
    numbers: list[int] = field(default_factory=list)

    @property
    def rows(self) -> str:
        more = ", …" if self.count > len(self.numbers) else ""
        return ", ".join(f"{number}" for number in self.numbers) + more

    def __str__(self) -> str:
        rows = "row" if self.count == 1 else "rows"
        about = f"{self.subject}: " if self.subject else ""
        return f"{reader.count(self.count)} {rows}: {about}{self.message} ({rows} {self.rows})"


class Reasons:
    """The errors of bad rows, grouped by what they say; fields under the names people know."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._groups: dict[tuple[str, str], Group] = {}
        self.count = 0

    def add(self, row: int, errors: Mapping[str, Iterable[str]]) -> None:
        self.count += 1
        for path, messages in errors.items():
            subject = self._subject(path)
            for message in messages:
                if message == REQUIRED and self._columns.get(path):
                    message = EMPTY_CELL  # noqa: PLW2901
                group = self._groups.setdefault((subject, message), Group(subject, message))
                group.count += 1
                if len(group.numbers) < SHOWN_NUMBERS:
                    group.numbers.append(row)

    @property
    def groups(self) -> list[Group]:
        """The largest ones first."""
        found = sorted(self._groups.values(), key=lambda one: -one.count)
        return found[:SHOWN_GROUPS]

    def _subject(self, path: str) -> str:
        name, _, rest = path.partition(".")
        if name == "metadata" and rest:
            return rest
        if name == "non_field_errors":
            return ""
        name = TEXT_FIELD if name in TEXT_ALIASES else name
        return self._columns.get(name) or label_of(name)


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A drop-down: the field, what it is called, and the header that is taken for it."""

    name: str
    label: str
    chosen: str
    is_required: bool

    @property
    def input_name(self) -> str:
        return _PREFIX + self.name


@dataclass(slots=True)
class Preview:
    """A table as it would be queued. With an `error` only what is known of it besides."""

    error: str = ""
    sheets: Sequence[Any] = ()
    sheet: str = ""
    header: Sequence[str] = ()
    fields: Sequence[FieldChoice] = ()
    shown: Sequence[str] = ()
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    good: int = 0
    bad: int = 0
    groups: Sequence[Group] = ()
    warnings: Sequence[str] = ()
    skips: bool = False
    notes: Sequence[str] = ()
    bill: Bill | None = None
    """Of the good rows."""

    @property
    def offer(self) -> Offer | None:
        """Their price."""
        return of_bill(self.bill) if self.bill and self.bill.jobs else None

    @property
    def count(self) -> int:
        return self.good + self.bad

    @property
    def ready(self) -> int:
        """How many documents the form would queue as it stands."""
        return 0 if self.error or (self.bad and not self.skips) else self.good

    @property
    def more_columns(self) -> int:
        return max(0, len(self.header) - len(self.shown))


def label_of(name: str) -> str:
    """What a field of an item is called on pages."""
    return _LABELS.get(name) or field_label(name)


def look_at(
    file: BinaryIO,
    filename: str,
    work: Work,
    choice: Choice,
    *,
    how: HowToRead,
    skips: bool,
    now: datetime,
) -> Preview:
    """Read a table to its end, and check each row as queueing would; nothing is stored."""
    found = Preview(skips=skips)
    try:
        _look(found, file, filename, work, choice, how, now)
    except (UnmappedTable, UnreadableTable) as error:
        found.error = str(error)
    except InvalidInput as error:
        found.error = " ".join(
            f"{'' if path in _OF_ALL else f'{label_of(path)}: '}{message}"
            for path, told in error.errors.items()
            for message in told
        )
    return found


def _look(
    found: Preview,
    file: BinaryIO,
    filename: str,
    work: Work,
    choice: Choice,
    how: HowToRead,
    now: datetime,
) -> None:
    kind = work.kind
    if is_archive(file):
        archive = items_of_archive(file, how)
        found.header = found.shown = ("reference",)
        columns = {"reference": "reference"}
        _check(found, work, archive.rows, columns, archive.fields, now)
        found.warnings = archive.warnings
        return
    names = fields_of(kind)
    table = open_table(file, filename, sheet=choice.sheet, fields=names)
    found.sheets, found.sheet = table.sheets, table.sheet or ""
    if table.header is None:
        found.header = _keys(table.rows())
        table = open_table(file, filename, sheet=choice.sheet, fields=names)
    else:
        found.header = table.header
    # Chosen for another table, another sheet or another kind, a header says nothing about this one.
    chosen = {n: h for n, h in (choice.columns or {}).items() if n in names}
    if not chosen or any(header and header not in found.header for header in chosen.values()):
        chosen = guess_columns(found.header, names)
    columns = {name: chosen.get(name, "") for name in names}
    found.fields = [
        FieldChoice(name, label_of(name), columns[name], name == TEXT_FIELD) for name in names
    ]
    if not columns[TEXT_FIELD]:
        found.error = "Choose the column that holds the text of the documents."
        return
    mapped = [columns[name] for name in names if columns[name]]
    order = [*mapped, *(header for header in found.header if header not in mapped)]
    found.shown = order[:SHOWN_COLUMNS]
    fields = None if table.header is None else [name for name in names if columns[name]]
    _check(found, work, items_of(table, kind, columns), columns, fields, now)
    found.warnings = table.warnings


def _check(
    found: Preview,
    work: Work,
    items: Iterable[Item],
    columns: Mapping[str, str],
    fields: Iterable[str] | None,
    now: datetime,
) -> None:
    reasons = Reasons(columns)
    kept = _kept(items, found, columns)
    terms = Terms(work.tenant, work.kind, now)

    def good() -> Iterator[accept.Asked]:
        for one in accept.examine(
            terms,
            kept,
            defaults=work.defaults,
            needed_within=work.needed_within,
            fields=fields,
            refused=reasons.add,
        ):
            found.good += 1
            yield one.asked

    try:
        found.bill = accept.bill_of(
            terms,
            good(),
            fresh=work.fresh,
            trial=work.trial,
            is_collection=True,
        )
    except InvalidInput:
        # What is wrong is told once. The first rows are shown all the same.
        deque(islice(kept, SHOWN_ROWS), maxlen=0)
        raise
    found.bad, found.groups = reasons.count, reasons.groups
    found.notes = found.bill.notes


def _keys(rows: Iterable[Any]) -> list[str]:
    keys: dict[str, None] = {}
    for _, cells, _ in islice(rows, _LINES_LOOKED_AT):
        keys |= dict.fromkeys(cells)
    return list(keys)[:200]


def _kept(items: Iterable[Item], found: Preview, columns: Mapping[str, str]) -> Iterator[Item]:
    """The items as they come; the first ones are kept to be shown."""
    fields = {header: name for name, header in columns.items() if header}
    for each in items:
        number, item = each[:2]
        if len(found.rows) < SHOWN_ROWS and isinstance(item, Mapping):
            own = item.get("metadata")
            own = own if isinstance(own, Mapping) else {}
            cells = [
                item.get(fields[header], "") if header in fields else own.get(header, "")
                for header in found.shown
            ]
            found.rows.append((number, [_short(cell) for cell in cells]))
        yield each


def _short(cell: object) -> str:
    text = " ".join(str(cell if cell is not None else "")[: 2 * CELL_CHARS].split())
    return cut(text, CELL_CHARS)
