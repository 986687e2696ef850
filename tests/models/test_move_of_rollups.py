"""Sums from before models were kept stay, and new ones lie beside them; also on the way back."""

import pytest
from django.db.models import Sum

from aijobs.models import LedgerEntry, UsageRollup, rollups
from tests.factories import make_charge, make_job, make_tenant
from tests.models.test_move_of_documents import migrate

BEFORE = ("aijobs", "0007_no_document_in_inputs")


@pytest.mark.django_db(transaction=True)
def test_old_sums_stay_and_new_ones_know_their_model() -> None:
    job = make_job(make_tenant())
    try:
        migrate(BEFORE)
        make_charge(job, "1")
    finally:
        migrate()
    make_charge(job, "2")
    rollups.compact()
    found = UsageRollup.objects.order_by("cost_usd").values_list("model", "created_by", "jobs")
    assert list(found) == [("", "", 1), ("claude-haiku-5-5", "test", 0)]
    try:
        before = migrate(BEFORE).get_model("aijobs", "UsageRollup")
        make_charge(job, "4")
        assert before.objects.aggregate(sum=Sum("cost_usd")) == {"sum": 7}
    finally:
        migrate()
    rollups.compact()
    assert [row.cost_usd for row in UsageRollup.objects.all()] == [7]
    assert LedgerEntry.objects.count() == 3
