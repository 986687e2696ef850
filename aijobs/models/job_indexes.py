"""The indexes of jobs: which question each of them answers.

A row is written into all of them anew when a column changes that any of them names.
"""

from django.db import models
from django.db.models import Q

JOB_INDEXES: list[models.Index] = [
    # assemble: whose jobs wait, and which are the oldest. Only waiting jobs are in it.
    models.Index(
        fields=["tenant", "not_before", "id"],
        name="job_waiting",
        condition=Q(indexed_status="queued", route="batch"),
    ),
    # Whose jobs have deadlines, and which come first: which road they take.
    models.Index(
        fields=["tenant", "needed_by", "id"],
        name="job_urgent",
        condition=Q(indexed_status="queued", needed_by__isnull=False),
    ),
    # expedite: whose jobs are to run at once, and which come first.
    models.Index(
        fields=["tenant", "needed_by", "id"],
        name="job_at_once",
        condition=Q(indexed_status="queued", route="sync"),
    ),
    # sweep: direct calls whose worker died. Few run at any time.
    models.Index(
        fields=["started_at"], name="job_running", condition=Q(indexed_status="processing")
    ),
    # dispatch, settle, who looks into a batch, and a tenant's list of what is on its way.
    models.Index(
        fields=["batch", "tenant", "id"],
        name="job_of_batch",
        condition=Q(batch__isnull=False),
    ),
    # A tenant's list, filtered by a status that few jobs have. Without it, PostgreSQL would
    # read millions of completed jobs in search of them.
    models.Index(
        fields=["tenant", "indexed_status", "-id"],
        name="job_of_tenant_by_status",
        condition=Q(indexed_status__isnull=False),
    ),
    # The same list filtered by job type as well. Only failed and canceled jobs are in it:
    # jobs that move otherwise write nothing into this index.
    models.Index(
        fields=["tenant", "indexed_status", "job_type", "-id"],
        name="job_of_type_by_status",
        condition=Q(indexed_status__in=["failed", "canceled"]),
    ),
    # A collection's jobs in the order of its rows.
    models.Index(
        fields=["collection", "id"],
        name="job_of_collection",
        condition=Q(collection__isnull=False),
    ),
    # What is being erased. Few are at any time: others are counted in an index alone, and
    # these are taken off.
    models.Index(
        fields=["tenant", "indexed_status", "collection", "id"],
        name="job_erasing",
        condition=Q(erasing_since__isnull=False),
    ),
    # A tenant's jobs that are in no collection, newest first: the list of the pages.
    models.Index(fields=["tenant", "-id"], name="job_single", condition=Q(collection__isnull=True)),
    # Staff who look for direct calls. No job of a batch is in it.
    models.Index(fields=["-id"], name="job_sync", condition=Q(route="sync")),
    # share: what waits for the result of an earlier job.
    models.Index(
        fields=["answered_by", "id"],
        name="job_sharing",
        condition=Q(indexed_status="queued", answered_by__isnull=False),
    ),
    # sweep: what was answered by a job that is deleted.
    models.Index(
        fields=["answered_by"],
        name="job_answered_by",
        condition=Q(answered_by__isnull=False),
    ),
]
