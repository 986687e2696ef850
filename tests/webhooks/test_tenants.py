"""Nothing of a tenant that is no longer served leaves for its endpoints."""

from datetime import timedelta

import pytest

from aijobs.models import AIJob
from aijobs.webhooks import deliver
from tests.factories import NOW, make_job, make_tenant, make_webhook
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_tenant_that_is_switched_off_is_told_once_it_is_on_again(receiver: Receiver) -> None:
    tenant = make_tenant()
    make_webhook(tenant, f"{receiver.url}/takes")
    job = make_job(tenant)
    tenant.is_active = False
    tenant.save()
    AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)
    assert not deliver.due(NOW)
    assert deliver.run(NOW, lambda: NOW) == 0
    assert receiver.got == []
    tenant.is_active = True
    tenant.save()
    later = NOW + timedelta(hours=1)
    assert deliver.run(later, lambda: later) == 1
    assert len(receiver.got) == 1
