"""An endpoint can be deleted or moved at any moment, and undoes nothing of what others do."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest
from django.db import connection, transaction

from aijobs.models import AIJob, BlockReason, CircuitBreaker, Webhook, WebhookDelivery
from aijobs.pipeline import _breaker
from aijobs.webhooks import endpoints, outbox
from aijobs.webhooks.sender import Answer
from tests.factories import NOW, make_job, make_tenant, make_webhook
from tests.webhooks.test_delivery import end

pytestmark = pytest.mark.django_db(transaction=True)


def delete(webhook: Webhook) -> None:
    try:
        endpoints.delete(webhook)
    finally:
        connection.close()


def test_what_ends_meanwhile_is_stored() -> None:
    tenant = make_tenant()
    webhook, job = make_webhook(tenant), make_job(tenant)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            end(job)
            _breaker.trip(BlockReason.LOW_CREDIT, "No credit.", sent_at=NOW, now=NOW)
            deleting = pool.submit(delete, webhook)
            assert not wait([deleting], 0.5).done  # It waits for what is stored for it.
        deleting.result(10)
    assert AIJob.objects.get().status == "completed"
    assert CircuitBreaker.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_what_ends_while_it_goes_is_told_to_the_others() -> None:
    tenant = make_tenant()
    webhook, other, job = make_webhook(tenant), make_webhook(tenant), make_job(tenant)

    def end_it() -> None:
        try:
            end(job)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            endpoints.delete(webhook)
            ending = pool.submit(end_it)
            assert not wait([ending], 0.5).done
        ending.result(10)
    assert WebhookDelivery.objects.get().webhook_id == other.pk


def test_a_new_address_is_not_switched_off_by_what_the_last_one_answers() -> None:
    tenant = make_tenant()
    webhook = make_webhook(tenant)
    end(make_job(tenant))
    [under_way] = outbox.claim(1, NOW)
    endpoints.change(webhook, {"url": "https://example.org/hook"}, NOW)
    outbox.store([replace(under_way, answers=[Answer(410, "http_error")])], NOW)
    webhook.refresh_from_db()
    assert (webhook.state, webhook.failures) == ("on", 0)
