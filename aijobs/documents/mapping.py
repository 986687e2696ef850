"""Which column of a table is which field of a job; the other columns travel with it as metadata."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from aijobs.jobtypes import TEXT_ALIASES, TEXT_FIELD, TEXT_NAMES, InvalidInput, JobType
from aijobs.jobtypes.text import utf8
from aijobs.own_data import MAX_REFERENCE_CHARS

from .archives import Member, is_archive, read_archive
from .documents import AUTO, Document, HowToRead
from .table_parts import DEFAULT_LIMITS, TableLimits
from .tables import Table, open_table

# The row's number, as its sender knows it; the fields of a job, or why they cannot be read; and its
# documents, where they came as a file.
Item = tuple[int, Mapping[str, Any] | InvalidInput, *tuple[Document, ...]]

# What an item may have beside the fields of its job type.
COMMON_FIELDS = ("reference", "needed_within")
# A list of headers in an error message ends somewhere.
_HEADERS_TOLD = 30


class Items(NamedTuple):
    """What a collection is made of, in its order, and what of the file was passed over."""

    rows: Iterator[Any]
    """Each an Item; of a program's own list, its number and whatever stands there."""
    warnings: Sequence[str]
    fields: Collection[str] | None = None
    """The fields that a row may have; None where each row has its own."""


class UnmappedTable(ValueError):
    """The columns of a table are not those that are wanted. The message names both."""


def fields_of(kind: JobType) -> list[str]:
    """The fields of an item of this job type for which a table may have a column."""
    return [*kind.Input.model_fields, *COMMON_FIELDS]


def read_items(
    file: BinaryIO,
    filename: str,
    kind: JobType,
    *,
    sheet: str | None = None,
    columns: Mapping[str, str] | None = None,
    how: HowToRead = AUTO,
    limits: TableLimits = DEFAULT_LIMITS,
) -> Items:
    """The rows of a table, or the files of a ZIP, as items of a collection.

    `columns` says which header, or key of NDJSON, to take for a field; see `columns_of`. What is no
    field becomes metadata, under its own header. A file of a ZIP is read as `how` says, and has its
    path as the reference.
    `file` must stay open: UnreadableTable can be raised at any row. Raises it, and UnmappedTable.
    """
    if is_archive(file):
        return items_of_archive(file, how)
    table = open_table(file, filename, sheet=sheet, fields=fields_of(kind), limits=limits)
    if table.header is None:
        return Items(items_of(table, kind, columns), table.warnings)
    fields = columns_of(table.header, kind, columns)
    return Items(_rows(table, fields), table.warnings, list(fields))


def items_of_archive(file: BinaryIO, how: HowToRead = AUTO) -> Items:
    """The files of a ZIP, each a document. Raises UnreadableTable."""
    members, warnings = read_archive(file, how)
    return Items(map(_of_member, members), warnings, ["reference"])


def _of_member(member: Member) -> Item:
    path = utf8(member.path).replace("\0", "")
    if member.error:
        return member.number, InvalidInput({"document": [f"{path}: {member.error}"]})
    # The end of a long path tells more than its beginning.
    return member.number, {"reference": path[-MAX_REFERENCE_CHARS:]}, *member.documents


def items_of(
    table: Table, kind: JobType, columns: Mapping[str, str] | None = None
) -> Iterator[Item]:
    """The same for a table that is open already. Its rows can be asked for once."""
    if table.header is None:
        return _lines(table, kind, columns or {})
    return _rows(table, columns_of(table.header, kind, columns))


def columns_of(
    headers: Collection[str], kind: JobType, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The header of the table's column for each field that has one.

    For what is not `chosen`, a column counts that is called like the field, whatever its case, with
    spaces for underscores; an empty header says that the field has no column. Raises UnmappedTable.
    """
    wanted = fields_of(kind)
    found = {field: header for field in wanted if (header := _called_like(field, headers))}
    taken = set((chosen or {}).values())
    found = {field: header for field, header in found.items() if header not in taken}
    for name, header in (chosen or {}).items():
        field = TEXT_FIELD if name in TEXT_ALIASES else name
        if field not in wanted:
            raise UnmappedTable(f"There is no field “{name[:100]}”. There are: {_told(wanted)}.")
        if not header:
            found.pop(field, None)
            continue
        match = header if header in headers else _called(header, headers)
        if match is None:
            raise UnmappedTable(
                f"There is no column “{header[:100]}”. The table has: {_told(headers)}."
            )
        found[field] = match
    if len(set(found.values())) < len(found):
        raise UnmappedTable("One column is named for two fields.")
    if TEXT_FIELD not in found:
        raise UnmappedTable(
            f"No column is called “{TEXT_FIELD}”. The table has: {_told(headers)}. Say in `columns`"
            f" which of them is which field; there are: {_told(wanted)}."
        )
    return found


def _rows(table: Table, columns: Mapping[str, str]) -> Iterator[Item]:
    fields = {header: field for field, header in columns.items()}
    for number, cells, errors in table.rows():
        if errors:
            named = {fields.get(one, f"metadata.{one}"): [why] for one, why in errors.items()}
            yield number, InvalidInput(named)
            continue
        item: dict[str, Any] = {}
        metadata: dict[str, str] = {}
        for header, cell in cells.items():
            if header in fields:
                item[fields[header]] = cell
            else:
                metadata[header] = cell
        yield number, item | {"metadata": metadata}


def _lines(table: Table, kind: JobType, chosen: Mapping[str, str]) -> Iterator[Item]:
    """The objects of an NDJSON file: what is no field becomes metadata, as text."""
    fields = {name: name for name in (*fields_of(kind), *TEXT_ALIASES, "metadata")}
    for name, key in chosen.items():
        # A field that is chosen goes by no other name.
        for other in TEXT_NAMES if name in TEXT_NAMES else (name,):
            fields.pop(other, None)
        if key:
            fields[key] = TEXT_FIELD if name in TEXT_ALIASES else name
    for number, found, _ in table.rows():
        item = {fields[key]: value for key, value in found.items() if key in fields}
        own = {key: _text(value) for key, value in found.items() if key not in fields}
        given = item.get("metadata")
        if own and (given is None or isinstance(given, dict)):
            item["metadata"] = own | (given or {})
        yield number, item


def _called_like(field: str, headers: Collection[str]) -> str | None:
    names = (field, *TEXT_ALIASES) if field == TEXT_FIELD else (field,)
    return next((header for name in names if (header := _called(name, headers))), None)


def _called(name: str, headers: Collection[str]) -> str | None:
    return next((header for header in headers if _folded(header) == _folded(name)), None)


def _folded(name: str) -> str:
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _told(names: Collection[str]) -> str:
    told = [f"“{name[:100]}”" for name in list(names)[:_HEADERS_TOLD]]
    more = f" and {len(names) - _HEADERS_TOLD:,} more" if len(names) > _HEADERS_TOLD else ""
    return ", ".join(told) + more


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
