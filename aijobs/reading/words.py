"""Answers in one word: how many of a collection have which, and which answers have one.

The word is stored beside the answer. Answers from before there were words get theirs from sweep;
until then, it is read out of the whole answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import CharField, F, Func, QuerySet
from django.db.models.functions import Coalesce

from aijobs.models import AIJob, Collection, JobOutput
from aijobs.models.jobs import AIJobQuerySet
from citizenapp.tenants.models import Tenant

# Of an answer and its job, in SQL: NULL where there is no answer.
WORD = "nullif(coalesce(output.word, aijobs_word_of_answer(job.job_type, output.result)), '')"

# Those that have words are counted in an index alone. The others are none at once where all have
# some: then there is no last one without.
COUNTED = """
(SELECT 'answer', word, sum(answers)::bigint FROM (
    SELECT word, count(*) AS answers FROM aijobs_joboutput AS output
    WHERE collection_id = %(collection)s AND word > '' AND EXISTS (
        SELECT FROM aijobs_collection
        WHERE id = %(collection)s AND tenant_id = %(tenant)s AND erasing_since IS NULL
    ) AND NOT EXISTS (
        SELECT FROM aijobs_aijob
        WHERE tenant_id = %(tenant)s AND collection_id = %(collection)s
          AND indexed_status IS NULL AND erasing_since IS NOT NULL AND id = output.job_id
    )
    GROUP BY word
    UNION ALL
    SELECT aijobs_word_of_answer(job.job_type, output.result), count(*)
    FROM aijobs_aijob AS job JOIN aijobs_joboutput AS output ON output.job_id = job.id
    WHERE job.collection_id = %(collection)s AND job.tenant_id = %(tenant)s
      AND job.erasing_since IS NULL AND output.word IS NULL
      AND job.id <= (
          SELECT job_id FROM aijobs_joboutput WHERE word IS NULL ORDER BY job_id DESC LIMIT 1
      )
    GROUP BY 1
) AS counted
WHERE word > '' GROUP BY word ORDER BY 3 DESC, 2 LIMIT %(most)s)
UNION ALL
(SELECT 'reason', attempt.error_type, count(*)
FROM aijobs_aijob AS job
JOIN aijobs_jobattempt AS attempt ON attempt.job_id = job.id AND attempt.number = job.attempts
WHERE job.collection_id = %(collection)s AND job.tenant_id = %(tenant)s
  AND job.indexed_status = 'failed' AND job.erasing_since IS NULL
GROUP BY attempt.error_type)
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows have each word, and failed for each reason; the most frequent first."""

    answers: Sequence[tuple[str, int]]
    reasons: Sequence[tuple[str, int]]


def counted(tenant: Tenant, collection: Collection, most: int) -> Counted:
    """The words of its answers, so many at `most`, and why rows failed. One query."""
    parameters: Mapping[str, Any] = {"collection": collection.pk, "tenant": tenant.pk, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, parameters)
        found: dict[str, list[tuple[str, int]]] = {"answer": [], "reason": []}
        for of, word, rows in cursor.fetchall():
            found[of].append((word, rows))
    # Of a union, PostgreSQL promises no order.
    for one in found.values():
        one.sort(key=lambda pair: (-pair[1], pair[0]))
    return Counted(found["answer"], found["reason"])


def last_unread() -> "QuerySet[JobOutput, UUID]":
    """The last answer that has no word yet, of whomever: none where all have some.

    For `answered`, which asks by itself unless the collection was read with it.
    """
    unread = JobOutput.objects.filter(word=None).order_by("-job")
    return unread.values_list("job", flat=True)


def answered(
    tenant: Tenant, collection: Collection, word: str, jobs: AIJobQuerySet
) -> AIJobQuerySet:
    """Of some jobs of a collection those whose answer is this word.

    Asks first whether all answers have words, which an index can then be asked for. That has them
    in the order of their ids; the collection is an equal column, so that no other order is wanted.
    """
    jobs = jobs.filter(tenant=tenant, collection=collection, status=AIJob.Status.COMPLETED)
    found = vars(collection)
    if (found["last_unread"] if "last_unread" in found else last_unread().first()) is None:
        return jobs.filter(output__collection_id=collection.pk, output__word=word)
    read = Func(
        F("job_type"),
        F("output__result"),
        function="aijobs_word_of_answer",
        output_field=CharField(),
    )
    return jobs.alias(word=Coalesce("output__word", read)).filter(word=word)
