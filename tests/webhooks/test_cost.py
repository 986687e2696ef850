"""Who has no endpoint pays next to nothing for those who have."""

import pytest
from django.db import connection

from aijobs.models import AIJob, CollectionToCheck, WebhookDelivery, WebhookEvent
from tests.factories import NOW, make_job, make_tenant, make_webhook

pytestmark = pytest.mark.django_db


def test_a_batch_for_two_tenants_is_told_to_the_one_that_wants_to_know() -> None:
    mine, theirs = make_tenant(), make_tenant()
    webhook = make_webhook(mine)
    jobs = [make_job(tenant) for tenant in (mine, theirs) for _ in range(3)]
    AIJob.objects.update(status="completed", finished_at=NOW)
    event = WebhookEvent.objects.get()
    assert event.tenant == mine
    assert {*event.subjects} == {job.pk for job in jobs[:3]}
    assert list(WebhookDelivery.objects.values_list("webhook", flat=True)) == [webhook.pk]
    assert not CollectionToCheck.objects.exists()


def test_nothing_but_an_end_is_told() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    make_job(tenant)
    AIJob.objects.update(status="failed", finished_at=NOW)
    AIJob.objects.update(request_bytes=1)
    AIJob.objects.update(status="queued", finished_at=None)
    assert WebhookEvent.objects.count() == 1


def test_20_000_jobs_end_in_one_statement_without_comparing_each_with_each() -> None:
    tenant = make_tenant()
    make_webhook(tenant)
    make_job(tenant)
    AIJob.objects.update(status="failed", finished_at=NOW)  # The session's plan is of one row.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO aijobs_aijob (id, tenant_id, job_type, status, route, attempts,"
            " max_tokens_factor, request_bytes, created_at, not_before)"
            " SELECT gen_random_uuid(), %s, 'summarize', 'queued', 'batch', 0, 1, 1, %s, %s"
            " FROM generate_series(1, 20000)",
            [tenant.pk, NOW, NOW],
        )
        cursor.execute("SET LOCAL statement_timeout = '20s'")
        cursor.execute(
            "UPDATE aijobs_aijob SET status = 'canceled', finished_at = %s WHERE status = 'queued'",
            [NOW],
        )
    assert WebhookEvent.objects.filter(type="job.canceled").count() == 200
