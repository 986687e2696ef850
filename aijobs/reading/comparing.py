"""Two collections of one name, row by row: which answers have changed.

A row is known by its reference where both tables have some, else by its number. Of rows that are
called the same, the first is held against the first, the second against the second.

What is compared of an answer is one word: its category, or its highest risk. PostgreSQL compares
the words and sends the page; nothing grows with the collections.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any, cast
from uuid import UUID

from django.db import connection, transaction

from aijobs.models import AIJob, Collection, JobOutput
from aijobs.reading.labels import labels
from aijobs.reading.pages import NEWEST, Page, Position
from aijobs.reading.reviews import corrections
from aijobs.reading.rows import RISKS
from aijobs.reading.tables import guarded
from aijobs.reading.words import WORD
from citizenapp.tenants.models import Tenant

# Job types whose answers have one word.
COMPARABLE = ("classify", "analyze")
# Earlier ones to choose from, and the most frequent changes that a page shows.
MOST_EARLIER, MOST_PAIRS = 20, 60
PIECE_ROWS, PIECE_BYTES = 2_000, 1 << 16

SIDE = """
    SELECT job.id, input.row_number, input.reference, {value} AS word, {key} AS name,
           row_number() OVER (PARTITION BY {key} ORDER BY job.id) AS nth
    FROM aijobs_aijob AS job
    JOIN aijobs_jobinput AS input ON input.job_id = job.id
    LEFT JOIN aijobs_joboutput AS output
           ON output.job_id = job.id AND job.status = 'completed'
    WHERE job.tenant_id = %(tenant)s AND job.collection_id = %({side})s
      AND job.erasing_since IS NULL
"""
# The name of a row. A plain value: PostgreSQL asks once whether both tables have references.
KEY = """
CASE WHEN (SELECT have_references FROM method) AND input.reference <> ''
     THEN 'r' || input.reference ELSE 'n' || coalesce(input.row_number::text, '') END
"""
BOTH = """
WITH method AS MATERIALIZED (
    SELECT every(EXISTS (
        SELECT FROM aijobs_aijob AS job JOIN aijobs_jobinput AS input ON input.job_id = job.id
        WHERE job.tenant_id = %(tenant)s AND job.collection_id = side
          AND job.erasing_since IS NULL AND input.reference <> ''
    )) AS have_references
    FROM unnest(ARRAY[%(earlier)s, %(later)s]::uuid[]) AS side
), earlier AS ({earlier}), later AS ({later}), pair AS MATERIALIZED (
    SELECT later.id, earlier.id AS earlier_id,
           coalesce(later.row_number, earlier.row_number) AS row_number,
           coalesce(later.reference, earlier.reference) AS reference,
           name LIKE 'r%%' AS is_by_reference, earlier.word AS was, later.word AS now
    FROM later FULL JOIN earlier USING (name, nth)
)
"""
# No word is empty.
WHICH = """
    WHERE id IS NOT NULL AND earlier_id IS NOT NULL AND was IS NOT NULL AND now IS NOT NULL
      AND CASE WHEN %(was)s = '' THEN was <> now ELSE was = %(was)s AND now = %(now)s END
"""
FOUND = """
SELECT (SELECT row_to_json(counted) FROM (
            SELECT count(*) FILTER (WHERE is_both AND is_by_reference) AS by_reference,
                   count(*) FILTER (WHERE is_both AND NOT is_by_reference) AS by_number,
                   count(*) FILTER (WHERE is_both AND was = now) AS same,
                   count(*) FILTER (WHERE is_both AND was <> now) AS changed,
                   count(*) FILTER (WHERE is_both AND (was IS NULL OR now IS NULL)) AS unanswered,
                   count(*) FILTER (WHERE earlier_id IS NULL) AS only_later,
                   count(*) FILTER (WHERE id IS NULL) AS only_earlier
            FROM (SELECT *, id IS NOT NULL AND earlier_id IS NOT NULL AS is_both FROM pair) AS one
        ) AS counted),
       (SELECT coalesce(json_agg(frequent), '[]') FROM (
            SELECT was, now, count(*) AS rows FROM pair
            WHERE id IS NOT NULL AND earlier_id IS NOT NULL AND was IS NOT NULL AND now IS NOT NULL
            GROUP BY was, now ORDER BY rows DESC, was, now LIMIT {most}
        ) AS frequent),
       (SELECT coalesce(json_agg(shown), '[]') FROM (
            SELECT id, earlier_id, row_number, reference, was, now FROM pair {which} {beyond}
            ORDER BY id {order} LIMIT %(rows)s
        ) AS shown)
"""
ALL_CHANGED = "SELECT row_number, reference, is_by_reference, was, now, earlier_id, id FROM pair"

HEADER = ("row", "reference", "matched_by", "before", "now", "job_before", "job_now")


@dataclass(frozen=True, slots=True)
class Change:
    """So many rows were `was` before and are `now`, in words of the answers."""

    was: str
    now: str
    rows: int
    share: float = 0.0

    @property
    def is_same(self) -> bool:
        return self.was == self.now


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that changed, with both jobs and both results."""

    number: int | None
    label: str
    job_id: UUID
    earlier_id: UUID
    was: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a collection compares with an earlier one.

    `unanswered`: rows of which one of the two has no answer. `changes` are the most frequent ones,
    `words` all that stand in them, `matrix` a line for each word before: the numbers of rows, by
    the words now.
    """

    by_reference: int
    by_number: int
    same: int
    changed: int
    unanswered: int
    only_earlier: int
    only_later: int
    pairs: Sequence[Change]
    page: Page[ChangedRow]

    @property
    def matched(self) -> int:
        return self.by_reference + self.by_number

    @property
    def compared(self) -> int:
        return self.same + self.changed

    @property
    def changes(self) -> list[Change]:
        """Those that are another, with their share in percent of the most frequent one."""
        others = [one for one in self.pairs if not one.is_same]
        most = max((one.rows for one in others), default=1)
        return [
            Change(one.was, one.now, one.rows, round(100 * one.rows / most, 2)) for one in others
        ]

    @property
    def words(self) -> list[str]:
        found = dict.fromkeys(word for one in self.pairs for word in (one.was, one.now))
        by_rank = [word for word in RISKS if word in found]
        return by_rank if len(by_rank) == len(found) else sorted(found, key=str.casefold)

    @property
    def matrix(self) -> list[tuple[str, list[Change]]]:
        rows = {(one.was, one.now): one.rows for one in self.pairs}
        return [
            (was, [Change(was, now, rows.get((was, now), 0)) for now in self.words])
            for was in self.words
        ]


def earlier(tenant: Tenant, collection: Collection) -> list[Collection]:
    """Earlier collections of the same name and type that it can be compared with, newest first."""
    if collection.job_type not in COMPARABLE:
        return []
    same = Collection.objects.of(tenant).filter(name=collection.name, job_type=collection.job_type)
    return list(same.filter(pk__lt=collection.pk).order_by("-pk")[:MOST_EARLIER])


def compare(
    tenant: Tenant,
    before: Collection,
    after: Collection,
    at: Position = NEWEST,
    *,
    cell: tuple[str, str] | None = None,
    size: int,
) -> Comparison:
    """The sums, and a page of changed rows in their order; or of those of one `cell`: was, now.

    Four queries.
    """
    is_back = at.before is not None
    edge, beyond = at.before or at.after, ""
    if edge is not None:
        beyond = f"AND id {'<' if is_back else '>'} %(edge)s"
    parameters = _parameters(tenant, before, after, cell) | {"edge": edge, "rows": size + 1}
    query = FOUND.format(
        most=MOST_PAIRS, which=WHICH, beyond=beyond, order="DESC" if is_back else "ASC"
    )
    with connection.cursor() as cursor:
        cursor.execute(_both() + query, parameters)
        sums, pairs, found = map(_read, cursor.fetchone())
    has_more, found = len(found) > size, found[:size]
    rows = _changed(tenant, found[::-1] if is_back else found)
    leads_back = has_more if is_back else at.after is not None
    leads_on = True if is_back else has_more
    return Comparison(
        **sums,
        pairs=[Change(one["was"], one["now"], one["rows"]) for one in pairs],
        page=Page(
            rows,
            older=rows[-1].job_id if rows and leads_on else None,
            newer=rows[0].job_id if rows and leads_back else None,
        ),
    )


def as_csv(
    tenant: Tenant, before: Collection | None, after: Collection, *, is_all: bool = False
) -> Iterator[bytes]:
    """The changed rows as CSV, or all there are, in pieces. Without an earlier one, its header.

    Written to a file first, as quickly as PostgreSQL sends them: who downloads may take their time.
    """
    with TemporaryFile() as file:
        _write(tenant, before, after, file, is_all=is_all)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _write(
    tenant: Tenant,
    before: Collection | None,
    after: Collection,
    file: IO[bytes],
    *,
    is_all: bool,
) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    if before is None:
        text.detach()
        return
    where = "" if is_all else WHICH
    query = f"{_both()} {ALL_CHANGED} {where} ORDER BY id, earlier_id"
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, _parameters(tenant, before, after, None))
        while rows := cursor.fetchmany(PIECE_ROWS):
            for number, reference, is_by_reference, was, now, *ids in rows:
                writer.writerow(
                    map(
                        guarded,
                        (
                            str(number or ""),
                            reference,
                            "reference" if is_by_reference else "row",
                            was or "",
                            now or "",
                            *(str(one or "") for one in ids),
                        ),
                    )
                )
    text.detach()


def _both() -> str:
    """The pairs of rows, as PostgreSQL is asked for them."""
    sides = {side: SIDE.format(value=WORD, key=KEY, side=side) for side in ("earlier", "later")}
    return BOTH.format(**sides)


def _parameters(
    tenant: Tenant, before: Collection, after: Collection, cell: tuple[str, str] | None
) -> dict[str, Any]:
    was, now = cell or ("", "")
    return {
        "tenant": tenant.pk,
        "earlier": before.pk,
        "later": after.pk,
        "was": was,
        "now": now,
    }


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _changed(tenant: Tenant, found: Sequence[dict[str, Any]]) -> list[ChangedRow]:
    ids = [(UUID(one["id"]), UUID(one["earlier_id"])) for one in found]
    both = [key for pair in ids for key in pair]
    outputs = JobOutput.objects.filter(
        pk__in=both, job__tenant=tenant, job__status=AIJob.Status.COMPLETED
    )
    results = cast(dict[UUID, Any], dict(outputs.values_list("pk", "result")))
    results |= {key: one.result for key, one in corrections(tenant, both).items() if key in results}
    names = labels(tenant, [key for key, _ in ids])
    return [
        ChangedRow(
            one["row_number"],
            names.get(key, ""),
            key,
            earlier_key,
            results.get(earlier_key),
            results.get(key),
        )
        for one, (key, earlier_key) in zip(found, ids, strict=True)
    ]
