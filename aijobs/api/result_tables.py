"""The results of a collection as a table: which columns it has, and which cells a row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from aijobs import jobtypes
from aijobs.api import shapes
from aijobs.jobtypes import JobType
from aijobs.jobtypes.text import utf8
from aijobs.models import Collection
from aijobs.reading.reviews import has_corrections
from citizenapp.tenants.models import Tenant

FIRST = ("row", "reference")
# Names in the metadata of single items, where there are more than a table can have columns.
MORE_METADATA = "metadata"
COSTS = tuple(shapes.Cost.model_fields)


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The columns of a collection's results: row and reference, then `own`, then `fixed`.

    `own` are the names in the metadata, as the sender's table has them. `lists` are the parts of
    the result that are lists of objects; each with the fields of its objects.
    """

    kind: JobType
    own: Sequence[str]
    results: Sequence[str]
    lists: dict[str, Sequence[str]]
    has_more_metadata: bool
    has_corrections: bool = False
    """Whether what people put in the place of results has columns of its own."""

    @property
    def corrections(self) -> list[str]:
        """Their columns: one for each of the result, and who corrected it when."""
        if not self.has_corrections:
            return []
        return [*(f"corrected_{name}" for name in self.results), "corrected_by", "corrected_at"]

    @property
    def fixed(self) -> list[str]:
        """The columns after the sender's own ones."""
        more = [MORE_METADATA] if self.has_more_metadata else []
        errors = ("error_type", "error_message")
        return [*more, "job_id", "status", *self.results, *errors, *self.corrections, *COSTS]

    @property
    def header(self) -> list[str]:
        """No name stands twice: one of the sender's that is ours as well says so."""
        ours = {*FIRST, *self.fixed}
        own = [f"{name} (own)" if name in ours else name for name in self.own]
        return [utf8(name) for name in (*FIRST, *own, *self.fixed)]

    def cells(self, row: shapes.ResultRow) -> list[str]:
        """A cell for each column of the header; a list in a result is JSON."""
        more = [_cell(self._rest(row))] if self.has_more_metadata else []
        result = self.kind.cells(row.result) if row.result else {}
        return [
            str(row.row),
            row.reference,
            *(row.metadata.get(name, "") for name in self.own),
            *more,
            str(row.job_id),
            row.status,
            *(_cell(result.get(name)) for name in self.results),
            _cell(row.error and row.error.type),
            _cell(row.error and row.error.message),
            *(self._corrected(row.correction) if self.has_corrections else ()),
            *(f"{getattr(row, name):.10f}" for name in COSTS),
        ]

    def _corrected(self, correction: shapes.Correction | None) -> list[str]:
        if correction is None:
            return [""] * len(self.corrections)
        result = self.kind.cells(correction.result)
        who = (correction.corrected_by, correction.corrected_at.isoformat(timespec="seconds"))
        return [*(_cell(result.get(name)) for name in self.results), *who]

    def entries(self, row: shapes.ResultRow, name: str) -> list[list[str]]:
        """The objects of the list `name` in a row's result, a cell for each of their fields."""
        found: list[dict[str, Any]] = (row.result or {}).get(name) or []
        return [[_cell(one.get(field)) for field in self.lists[name]] for one in found]

    def _rest(self, row: shapes.ResultRow) -> dict[str, str] | None:
        return {k: v for k, v in row.metadata.items() if k not in self.own} or None


def of(tenant: Tenant, collection: Collection) -> ResultTable:
    """The table of a collection's results."""
    kind = jobtypes.get(collection.job_type)
    own: list[str] = collection.columns or []
    return ResultTable(
        kind=kind,
        own=own,
        results=kind.columns,
        lists=_lists(kind),
        has_more_metadata=len(own) >= Collection.MOST_COLUMNS,
        has_corrections=has_corrections(tenant, collection),
    )


def _lists(kind: JobType) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for name in kind.columns:
        field = kind.Output.model_fields.get(name)
        inner = get_args(field.annotation) if field else ()
        if field and get_origin(field.annotation) is list and issubclass(inner[0], BaseModel):
            found[name] = list(inner[0].model_fields)
    return found


def _cell(value: object) -> str:
    if value is None:
        return ""
    return utf8(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
