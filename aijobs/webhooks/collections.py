"""Tell, once, that the last job of a collection has ended.

Two transactions that end its last two jobs at the same time see the other's job as still open. So
each notes in itself that somebody has to look (CollectionToCheck), and here somebody looks, when
both are committed. One statement takes the notes away and counts the jobs: where its snapshot has
no open job, it has the note of each that ended, so that no later note tells of the same end. A
note that comes later is about jobs that were queued again and have ended again: that is told anew.
"""

from datetime import datetime

from django.db import connection, transaction

from aijobs.crash_points import Step, crash_point
from aijobs.mails import writing
from aijobs.models import CollectionToCheck, EventType
from aijobs.models.fields import dump_json

MOST_AT_ONCE = 200

LOCK = "SELECT pg_advisory_xact_lock(7311, hashtext(%s))"
TAKE = """
WITH taken AS (DELETE FROM aijobs_collectiontocheck WHERE collection_id = %(id)s RETURNING 1)
SELECT (SELECT count(*) FROM taken), tenant_id, (
    SELECT json_object_agg(status, jobs) FROM (
        SELECT status, sum(jobs) AS jobs FROM aijobs_statuscounter
        WHERE collection_id = %(id)s GROUP BY status HAVING sum(jobs) <> 0
    ) AS counted)
FROM aijobs_collection WHERE id = %(id)s AND erasing_since IS NULL
"""
FORGET = "DELETE FROM aijobs_collectiontocheck WHERE collection_id = %s"
TELL = "SELECT aijobs_webhook_tell(%s, %s, ARRAY[%s]::uuid[], %s::jsonb, %s)"

ENDS = ("completed", "failed", "canceled")


def tell(now: datetime) -> int:
    """Look at the collections of which jobs have ended; returns how many are over and were told."""
    ids = CollectionToCheck.objects.order_by("collection_id").values_list(
        "collection_id", flat=True
    )
    told = 0
    for collection_id in list(ids.distinct()[:MOST_AT_ONCE]):
        told += _tell(str(collection_id), now)
        crash_point(Step.DELIVER_LOOKED)
    return told


@transaction.atomic
def _tell(collection_id: str, now: datetime) -> bool:
    """One at a time looks at a collection: the next one's snapshot has what this one did."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [collection_id])
        cursor.execute(TAKE, {"id": collection_id})
        found = cursor.fetchone()
        if found is None:
            cursor.execute(FORGET, [collection_id])  # It was erased: whoever did it knows.
            return False
        notes, tenant, counts = found
        counts = counts or {}
        if not notes or not counts or not counts.keys() <= {*ENDS}:
            return False
        ended = {status: counts.get(status, 0) for status in ENDS}
        data = {"counts": ended}
        kind = EventType.COLLECTION_COMPLETED
        cursor.execute(TELL, [tenant, kind, collection_id, dump_json(data), now])
    writing.collection_over(tenant, collection_id, ended, now)
    return True
