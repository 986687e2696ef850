"""Jobs that go with all that belongs to them: on request, or because they are old.

Their charges stay, and what they add up to.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from aijobs import uploads
from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    Comment,
    Correction,
    JobAttempt,
    JobDocument,
    JobInput,
    JobOutput,
    JobTag,
    JobText,
    Quote,
    ReadMark,
    Rerun,
    Tag,
)
from aijobs.models.jobs import AIJobQuerySet
from citizenapp.tenants.models import Tenant

# The questions that these jobs would answer, each found by its key. All who take over some lock
# them in the same order (_repeats.TAKE_OVER), so that no two wait for each other.
FORGET = """
WITH locked AS MATERIALIZED (
    SELECT question.tenant_id, question.fingerprint
    FROM aijobs_question AS question JOIN aijobs_jobinput AS input
      ON question.tenant_id = input.tenant_id
     AND question.fingerprint = input.fingerprint AND question.job_id = input.job_id
    WHERE input.job_id IN (SELECT id FROM aijobs_aijob AS job WHERE {which})
    ORDER BY question.tenant_id, question.fingerprint FOR UPDATE OF question
)
DELETE FROM aijobs_question AS question USING locked
WHERE question.tenant_id = locked.tenant_id AND question.fingerprint = locked.fingerprint
"""

# The batches whose requests hold what these jobs were given. All who flag some lock them in the
# same order, so that no two wait for each other.
FLAG = """
UPDATE aijobs_batch SET holds_erased = TRUE
WHERE id = ANY(ARRAY(
    SELECT id FROM aijobs_batch
    WHERE NOT holds_erased AND id IN (
        SELECT batch_id FROM aijobs_aijob WHERE id = ANY(%(jobs)s::uuid[])
        UNION SELECT batch_id FROM aijobs_jobattempt WHERE job_id = ANY(%(jobs)s::uuid[])
        UNION SELECT batch_id FROM aijobs_ledgerentry WHERE job_id = ANY(%(jobs)s::uuid[])
    )
    ORDER BY id FOR NO KEY UPDATE
))
"""

# All jobs of a collection, in the order in which settle locks those of a batch: so that no two wait
# for each other.
LOCK = """
SELECT count(*) FROM (
    SELECT FROM aijobs_aijob WHERE collection_id = %s ORDER BY id FOR NO KEY UPDATE
) AS locked
"""

# What was asked for and quoted before, of one job or collection: %(about)s is its id. A form of
# several files made several jobs, which only its answer names.
QUOTED = """
SELECT id FROM aijobs_quote
WHERE tenant_id = %(tenant)s AND confirmed_at IS NOT NULL AND (
    job_id = %(about)s OR collection_id = %(about)s
    OR (job_id IS NULL AND queued::text LIKE %(named)s))
"""
# The answers that describe it, its jobs, or its quotes. Their keys stay taken.
EMPTY_ANSWERS = """
UPDATE aijobs_idempotencykey SET response = NULL
WHERE tenant_id = %(tenant)s AND about IS NOT NULL AND (
    about = %(about)s OR about = ANY(%(quotes)s::uuid[])
    OR EXISTS (SELECT FROM aijobs_aijob WHERE id = about AND collection_id = %(about)s))
"""

# What these say may quote a row, or the name of a file.
_EMPTY: dict[str, list[str]] = {"warnings": [], "rejected": []}


def over(jobs: AIJobQuerySet) -> AIJobQuerySet:
    """Those that can go: a batch that is not settled needs its jobs to account for its rows."""
    open_batch = Q(batch__isnull=False) & ~Q(batch__status__in=Batch.FINAL)
    return (
        jobs.filter(status__in=AIJob.FINAL)
        .exclude(Exists(JobAttempt.objects.filter(open_batch, job=OuterRef("pk"))))
        .exclude(Exists(AIJob.objects.filter(open_batch, pk=OuterRef("pk"))))
    )


def lock(collection: Collection) -> int:
    """Lock the jobs of a collection until the transaction ends; returns how many they are."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [collection.pk])
        return int(cursor.fetchone()[0])


def forget(which: str, parameters: Sequence[Any]) -> None:
    """Let these jobs answer no question any more. `which` is a condition on `job`."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET.format(which=which), parameters)


def flag_batches(ids: Sequence[UUID]) -> None:
    """Ask sweep to delete what Anthropic still has of these jobs."""
    with connection.cursor() as cursor:
        cursor.execute(FLAG, {"jobs": list(ids)})


@transaction.atomic
def empty_requests(tenant: Tenant, about: UUID) -> None:
    """Empty what is kept of the requests that queued a job or collection, and of answers to them.

    Prices of quotes stay, as charges do.
    """
    parameters: dict[str, Any] = {
        "tenant": tenant.pk,
        "about": about,
        "named": f"%{about}%",
    }
    with connection.cursor() as cursor:
        cursor.execute(QUOTED, parameters)
        parameters["quotes"] = [row[0] for row in cursor.fetchall()]
        cursor.execute(EMPTY_ANSWERS, parameters)
    for quote in Quote.objects.filter(pk__in=parameters["quotes"]):
        quote.pieces.all().delete()
        uploads.drop_of_quote(tenant, quote.pk)
        quote.fields = None
        quote.answer |= _EMPTY
        if quote.queued and "rejected" in quote.queued:
            quote.queued |= _EMPTY
        quote.save(update_fields=["fields", "answer", "queued"])


def delete(ids: Sequence[UUID]) -> None:
    """Delete jobs with all that belongs to them, in the caller's transaction.

    A tag that no other job bears goes as well: nobody could take it off any more.
    """
    tags = list(JobTag.objects.filter(job__in=ids).values_list("tag", flat=True).distinct())
    for rows in (
        *(JobAttempt, JobDocument, JobInput, JobOutput, JobTag, JobText),
        *(Correction, Comment, ReadMark, Rerun),
    ):
        rows._default_manager.filter(job__in=ids).delete()
    AIJob.objects.filter(pk__in=ids).delete()
    if tags:
        # One that somebody is giving to other jobs at this moment stays.
        idle = Tag.objects.filter(pk__in=tags).select_for_update(skip_locked=True)
        Tag.objects.filter(pk__in=list(idle.values_list("pk", flat=True)), uses=None).delete()


def delete_over(jobs: AIJobQuerySet, most: int) -> int:
    """Delete some of the jobs that are over, in the caller's transaction; returns how many."""
    locked = over(jobs).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    ids: Sequence[UUID] = list(locked.values_list("pk", flat=True)[:most])
    flag_batches(ids)
    delete(ids)
    return len(ids)
