"""tag: put a word of the tenant's own on jobs, by which they are found, and take it off."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from aijobs.crash_points import Step, crash_point
from aijobs.jobtypes.text import utf8
from aijobs.models import AIJob, JobTag, Tag
from citizenapp.tenants.models import Tenant

FULL, BEARS_IT, LACKS_IT = "tags-full", "tagged-already", "not-tagged"
WHY_NOT = {
    FULL: f"It has {Tag.MOST_OF_A_JOB} tags already.",
    BEARS_IT: "It has this tag already.",
    LACKS_IT: "It did not have this tag.",
}

# A name that is there already with other capitals is that tag.
FIND_OR_MAKE = """
INSERT INTO aijobs_tag (tenant_id, name) SELECT %(tenant)s, %(name)s
WHERE (SELECT count(*) FROM aijobs_tag WHERE tenant_id = %(tenant)s) < %(most)s
ON CONFLICT (tenant_id, lower(name)) DO NOTHING
"""
# Whoever gives a tag to jobs keeps others from taking it away meanwhile.
HOLD = """
SELECT id, name FROM aijobs_tag
WHERE tenant_id = %(tenant)s AND lower(name) = lower(%(name)s) FOR KEY SHARE
"""
# Rows are locked, so that nobody adds another tag to the same jobs meanwhile.
PUT = """
WITH locked AS MATERIALIZED (
    SELECT id FROM aijobs_aijob
    WHERE id = ANY(%(jobs)s::uuid[]) AND tenant_id = %(tenant)s AND erasing_since IS NULL
    ORDER BY id FOR NO KEY UPDATE
), counted AS (
    SELECT locked.id, count(other.tag_id) AS tags,
           COALESCE(bool_or(other.tag_id = %(tag)s), FALSE) AS bears
    FROM locked LEFT JOIN aijobs_jobtag AS other ON other.job_id = locked.id GROUP BY locked.id
), put AS (
    INSERT INTO aijobs_jobtag (tag_id, job_id)
    SELECT %(tag)s, id FROM counted WHERE NOT bears AND tags < %(most)s
)
SELECT count(*), count(*) FILTER (WHERE bears),
       count(*) FILTER (WHERE NOT bears AND tags >= %(most)s)
FROM counted
"""

MOST_TRIES = 3

# Jobs that changed, why others did not, and how many there were at all.
Tagged = tuple[int, Counter[str], int]


class TooManyTags(Exception):
    """The tenant has as many tags as it may have."""

    def __init__(self) -> None:
        super().__init__(
            f"This workspace has {Tag.MOST_OF_A_TENANT} tags already. Take one off first."
        )


def name_of(typed: str) -> tuple[str, str]:
    """The name of a tag as it is kept, and what is wrong with it."""
    name = " ".join(typed.split())
    if not name:
        return "", "Type a word for the tag."
    if len(name) > Tag.LONGEST:
        return "", f"A tag has {Tag.LONGEST} characters at most."
    if "\0" in name or name != utf8(name) or not name.isprintable():
        return "", "The tag holds a character that no tag may have."
    return name, ""


def tag_of(tenant: Tenant, name: str) -> Tag:
    """The tag of this name, made where there is none; it stays until the transaction ends.

    Raises TooManyTags.
    """
    asked: dict[str, Any] = {"tenant": tenant.pk, "name": name, "most": Tag.MOST_OF_A_TENANT}
    with connection.cursor() as cursor:
        for _ in range(MOST_TRIES):
            cursor.execute(FIND_OR_MAKE, asked)
            cursor.execute(HOLD, asked)
            if found := cursor.fetchone():
                return Tag(id=found[0], name=found[1], tenant=tenant)
            # There are too many, or somebody took it away at this moment.
    raise TooManyTags


def tag_job(job: AIJob, name: str) -> str:
    """Put a tag on one job; returns why not, or nothing. Raises TooManyTags."""
    with transaction.atomic():
        _, skipped, _ = put(job.tenant, [job.pk], name)
    crash_point(Step.TAG_COMMITTED)
    return WHY_NOT[FULL] if skipped[FULL] else ""


def untag_job(job: AIJob, name: str) -> None:
    """Take a tag from one job."""
    with transaction.atomic():
        take(job.tenant, [job.pk], name)
    crash_point(Step.TAG_COMMITTED)


def put(tenant: Tenant, ids: Sequence[UUID], name: str) -> Tagged:
    """Give jobs a tag, in the transaction of the caller. Raises TooManyTags."""
    own = tag_of(tenant, name)  # Somebody may have taken it away since it was asked for.
    with connection.cursor() as cursor:
        cursor.execute(
            PUT,
            {"jobs": list(ids), "tenant": tenant.pk, "tag": own.pk, "most": Tag.MOST_OF_A_JOB},
        )
        there, bore, full = cursor.fetchone()
    return there - bore - full, +Counter({BEARS_IT: bore, FULL: full}), there


def take(tenant: Tenant, ids: Sequence[UUID], name: str) -> Tagged:
    """Take a tag from jobs; the last one takes the tag itself with it."""
    own = list(Tag.objects.named(tenant, name).select_for_update())
    jobs = AIJob.objects.of(tenant).filter(pk__in=ids).order_by("pk")
    there = list(jobs.select_for_update(no_key=True).values_list("pk", flat=True))
    taken, _ = JobTag.objects.filter(tag__in=own, job__in=there).delete()
    Tag.objects.filter(pk__in=[one.pk for one in own], uses=None).delete()
    return taken, +Counter({LACKS_IT: len(there) - taken}), len(there)
