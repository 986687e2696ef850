"""A job that completes stays on its page, and touches no index."""

import pytest
from django.db import connection

from aijobs.models import AIJob
from tests.factories import NOW, make_batch, make_job, make_tenant

pytestmark = pytest.mark.django_db


def updated_in_place() -> int:
    """How many rows of jobs this transaction has updated without a touch of any index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_get_xact_tuples_hot_updated('aijobs_aijob'::regclass)")
        return int(cursor.fetchone()[0])


def test_completing_a_job_of_a_batch_touches_no_index() -> None:
    job = make_job(make_tenant(), status="submitted", batch=make_batch("ended"))
    before = updated_in_place()
    AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)
    assert updated_in_place() == before + 1


def test_no_more_than_a_change_that_indexes_must_know_touches_them() -> None:
    job = make_job(make_tenant(), status="submitted", batch=make_batch("ended"))
    before = updated_in_place()
    AIJob.objects.filter(pk=job.pk).update(status="failed", finished_at=NOW)
    assert updated_in_place() == before
