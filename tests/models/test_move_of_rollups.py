"""Sums from before models were kept stay, and new ones lie beside them; also on the way back."""

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from aijobs.models import AIJob, LedgerEntry, UsageRollup, rollups
from tests.factories import NOW, make_charge, make_job, make_tenant
from tests.models.test_move_of_documents import migrate

BEFORE = ("aijobs", "0007_no_document_in_inputs")


def charge_then(apps: Any, job: AIJob, cost: str) -> None:
    """As `make_charge`, with the columns that there were."""
    apps.get_model("aijobs", "LedgerEntry").objects.create(
        tenant_id=job.tenant_id,
        job_id=job.pk,
        custom_id=f"{cost}-{job.pk.hex}",
        job_type=job.job_type,
        route=job.route,
        model="claude-haiku-5-5",
        priced_as="claude-haiku-5-5",
        priced_on=NOW.date(),
        input_tokens=100,
        output_tokens=10,
        cost_usd=Decimal(cost),
        sync_cost_usd=2 * Decimal(cost),
        saved_usd=Decimal(cost),
        created_at=NOW,
    )


@pytest.mark.django_db(transaction=True)
def test_old_sums_stay_and_new_ones_know_their_model() -> None:
    job = make_job(make_tenant())
    try:
        charge_then(migrate(BEFORE), job, "1")
    finally:
        migrate()
    make_charge(job, "2")
    rollups.compact()
    found = UsageRollup.objects.order_by("cost_usd").values_list("model", "created_by", "jobs")
    assert list(found) == [("", "", 1), ("claude-haiku-5-5", "test", 0)]
    try:
        apps = migrate(BEFORE)
        charge_then(apps, job, "4")
        before = apps.get_model("aijobs", "UsageRollup")
        assert before.objects.aggregate(sum=Sum("cost_usd")) == {"sum": 7}
    finally:
        migrate()
    rollups.compact()
    assert [row.cost_usd for row in UsageRollup.objects.all()] == [7]
    assert LedgerEntry.objects.count() == 3
