"""What is said of an event: ids, statuses, references and links; by choice the results too."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

# Results of one body, at most. What has no room is fetched by its link.
MOST_RESULT_BYTES = 1_000_000

JOBS = """
SELECT job.id, job.collection_id, input.reference
FROM aijobs_aijob AS job JOIN aijobs_jobinput AS input ON input.job_id = job.id
WHERE job.id = ANY(ARRAY(SELECT unnest(%s::uuid[]))) AND job.erasing_since IS NULL
"""
# The short ones first: a long one crowds out no other.
RESULTS = """
SELECT job_id, CASE WHEN so_far <= %s THEN result::text END FROM (
    SELECT job_id, result, sum(octet_length(result::text))
        OVER (ORDER BY octet_length(result::text), job_id) AS so_far
    FROM aijobs_joboutput WHERE job_id = ANY(ARRAY(SELECT unnest(%s::uuid[])))
) AS results
"""


def body_of(
    kind: str,
    subjects: Sequence[UUID],
    data: Mapping[str, Any],
    happened_at: datetime,
    *,
    root: str,
    includes_result: bool,
) -> bytes:
    """The JSON of an event, in ASCII.

    What was deleted since, or is being erased, has its id and its status alone.
    """
    told: dict[str, Any] = dict(data)
    what, _, became = kind.partition(".")
    if what == "job":
        with_results = includes_result and became == "completed"
        told["jobs"] = _jobs(subjects, became, root, with_results=with_results)
    elif what == "collection":
        [collection] = subjects
        told |= {"collection_id": collection, "status": became} | {
            "url": f"{root}api/ai/collections/{collection}",
            "results_url": f"{root}api/ai/collections/{collection}/results",
        }
    elif what == "budget":
        told["url"] = f"{root}api/ai/usage"
    moment = happened_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return orjson.dumps({"type": kind, "timestamp": moment, "data": told})


def _jobs(
    ids: Sequence[UUID], status: str, root: str, *, with_results: bool
) -> list[dict[str, Any]]:
    results: dict[UUID, str | None] = {}
    with connection.cursor() as cursor:
        cursor.execute(JOBS, [_array(ids)])
        known = {job: (collection, reference) for job, collection, reference in cursor.fetchall()}
        if with_results:
            cursor.execute(RESULTS, [MOST_RESULT_BYTES, _array(known)])
            results = dict(cursor.fetchall())
    told = []
    for job in ids:
        collection, reference = known.get(job, (None, ""))
        one: dict[str, Any] = {
            "job_id": job,
            "status": status,
            "reference": reference,
            "collection_id": collection,
            "url": f"{root}api/ai/jobs/{job}",
        }
        if job in results:
            result = results[job]
            # It is JSON already, with escapes where it has lone surrogates.
            one["result"] = None if result is None else orjson.Fragment(result)
            one["is_result_left_out"] = result is None
        told.append(one)
    return told


def _array(ids: Iterable[UUID]) -> str:
    return f"{{{','.join(map(str, ids))}}}"
