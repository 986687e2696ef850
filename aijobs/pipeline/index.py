"""index: read the words of jobs and of their answers, so that people find them.

A moment after they were queued or answered, and by itself: who queues or settles writes down the
ids alone (aijobs/sql/note_jobs_to_read.sql). A page is one transaction; what was noted goes with
it, so that a worker that dies has read whole pages, and of two workers each takes other ones.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from aijobs.crash_points import Step, crash_point
from aijobs.jobtypes.words import CHARACTERS, stored, words
from aijobs.models import AIJob, JobToRead

logger = logging.getLogger(__name__)

PAGE_JOBS = 200
# Pages a round, so that a round ends soon whatever there is to do.
MOST_PAGES = 25
# Of a job with many files, so many are read.
MOST_DOCUMENTS = 20
# An escape in JSON takes six characters, and may have been cut anywhere.
_ESCAPE = 6

# A job that is being deleted is waited for, and one that is read is not deleted meanwhile.
READ = """
SELECT job.id, job.tenant_id, input.reference, input.source_name, output.result::text, (
        SELECT result::text FROM aijobs_correction WHERE job_id = job.id
        ORDER BY number DESC LIMIT 1
    ),
    ARRAY(
        SELECT left(text::text, %(characters)s) FROM aijobs_jobdocument
        WHERE job_id = job.id AND number <= %(documents)s ORDER BY number
    ),
    ARRAY(
        SELECT name FROM aijobs_jobdocument
        WHERE job_id = job.id AND number <= %(documents)s AND name <> '' ORDER BY number
    )
FROM aijobs_aijob AS job
JOIN aijobs_jobinput AS input ON input.job_id = job.id
LEFT JOIN aijobs_joboutput AS output ON output.job_id = job.id
WHERE job.id = ANY(%(jobs)s::uuid[]) AND job.erasing_since IS NULL
ORDER BY job.id FOR KEY SHARE OF job
"""
STORE = """
INSERT INTO aijobs_jobtext (job_id, words) VALUES (%s, array_to_tsvector(%s::text[]))
ON CONFLICT (job_id) DO UPDATE SET words = EXCLUDED.words
"""


def due(now: datetime) -> bool:  # noqa: ARG001
    """Whether there is a job that was not read yet."""
    return JobToRead.objects.exists()


def run(now: datetime) -> int:  # noqa: ARG001
    """Read pages of what is new, then of what is old; returns how many jobs."""
    done = 0
    for _ in range(MOST_PAGES):
        page = _read_new()
        crash_point(Step.INDEX_READ)
        if not page:
            page = _read_older()
            crash_point(Step.INDEX_READ_OLDER)
        if not page:
            break
        done += page
    return done


@transaction.atomic
def _read_new() -> int:
    """A page of those that were noted; 0 where there are none, or others are at them."""
    noted = JobToRead.objects.filter(and_older=False).order_by("pk")
    page = dict(noted.select_for_update(skip_locked=True).values_list("pk", "job_id")[:PAGE_JOBS])
    if page:
        _read(sorted(set(page.values())))
        JobToRead.objects.filter(pk__in=page).delete()
    return len(page)


@transaction.atomic
def _read_older() -> int:
    """A page of those from before there was an index, the newest first."""
    rest = JobToRead.objects.filter(and_older=True).select_for_update(skip_locked=True).first()
    if rest is None:
        return 0
    older = AIJob.objects.filter(pk__lt=rest.job_id).order_by("-pk")
    page = list(older.values_list("pk", flat=True)[:PAGE_JOBS])
    if not page:
        rest.delete()
        return 0
    _read(sorted(page))
    JobToRead.objects.filter(pk=rest.pk).update(job_id=page[-1])
    return len(page)


def _read(jobs: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            READ,
            {
                "jobs": list(jobs),
                "characters": _ESCAPE * CHARACTERS,
                "documents": MOST_DOCUMENTS,
            },
        )
        rows = [(row[0], list(_words(*row[1:]))) for row in cursor.fetchall()]
        if rows:
            cursor.executemany(STORE, rows)


def _words(
    tenant: int,
    reference: str,
    source: str,
    answer: str | None,
    correction: str | None,
    texts: list[str],
    names: list[str],
) -> Iterator[str]:
    whole = [reference, source, *names, *map(beginning, texts)]
    said = filter(None, (answer, correction))
    whole += [" ".join(_texts(json.loads(one)))[:CHARACTERS] for one in said]
    for word in words("\n".join(whole)):
        yield stored(tenant, word)


def beginning(raw: str) -> str:
    """The first characters of a document, from the first ones of its JSON."""
    for candidate in (raw, *(raw[: len(raw) - cut] + '"' for cut in range(_ESCAPE))):
        try:
            return str(json.loads(candidate))[:CHARACTERS]
        except ValueError:
            continue
    return ""


def _texts(value: Any) -> Iterator[str]:
    """All texts in an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
