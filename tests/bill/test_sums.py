"""However charges are grouped, the lines of a comparison add up to the ledger."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs import pricing
from aijobs.bill import check, ours
from aijobs.bill.lines import Amount, Bill, Days, Key, add, key_of
from aijobs.models import LedgerEntry, ReconciledLine, Submission
from aijobs.pricing import Usage
from tests.factories import NOW, make_batch, make_charge, make_job, make_tenant

DAY = timedelta(days=1)
FIELDS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_write_5m_tokens": "cache_write_5m_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
}

tokens = st.integers(0, 60_000)
charges = st.lists(
    st.tuples(
        st.sampled_from(["claude-haiku-5-5", "claude-sonnet-5-5", "claude-haiku-4-5-20251001"]),
        st.builds(Usage, tokens, tokens, tokens, tokens, tokens),
        st.booleans(),
        # The day on which it was sent, and whether it ended on the next one.
        st.integers(-1, 1),
        st.booleans(),
    ),
    max_size=8,
)


def store(drawn: list[Any]) -> Days:
    """The charges in the ledger, and the same as a bill that has each on the day it ended."""
    tenant, bill = make_tenant(), defaultdict[date, dict[Key, Amount]](dict)
    for model, usage, in_batch, sent, over_midnight in drawn:
        began = NOW + sent * DAY
        ended = began + DAY * over_midnight
        price = pricing.charge(model, usage, batch=in_batch, on=began.date())
        batch = None
        if in_batch:
            batch = make_batch("settled", submitted_at=began, ended_at=ended, succeeded=1)
            Submission.objects.filter(batch=batch).update(sent_at=began)
        make_charge(
            make_job(tenant, route="batch" if in_batch else "sync"),
            str(price.cost_usd),
            str(price.sync_cost_usd),
            batch=batch,
            model=model,
            priced_as=model,
            priced_on=began.date(),
            created_at=ended,
            **{FIELDS[kind]: count for kind, count in usage._asdict().items()},
        )
        costs = pricing.by_kind(
            model, usage, longest=usage.prompt_tokens, batch=in_batch, on=began.date()
        )
        for kind, count, cost in zip(Usage._fields, usage, costs, strict=True):
            key = key_of(model, kind, "batch" if in_batch else "standard")
            add(bill, ended.date(), key, Amount(count, cost))
    return dict(bill)


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(charges)
def test_lines_add_up_to_the_ledger_and_agree_with_a_bill_of_the_same(drawn: list[Any]) -> None:
    with transaction.atomic():
        days = store(drawn)
        spans = ours.spans(NOW.date() - 3 * DAY, NOW.date() + 3 * DAY)
        whole = LedgerEntry.objects.aggregate(
            cost=Sum("cost_usd"), **{kind: Sum(column) for kind, column in FIELDS.items()}
        )
        assert sum((span.amount.usd or 0 for span in spans), Decimal(0)) == (whole["cost"] or 0)
        for kind in FIELDS:
            found = sum(span.amount.tokens or 0 for span in spans if span.key.kind == kind)
            assert found == (whole[kind] or 0)
        for offset in (-1, 0, 1, 2):
            day = NOW.date() + offset * DAY
            result = check.check(day, lambda *_: Bill("report", days), NOW + 9 * DAY)
            assert result.verdict == "agrees", list(result.lines.values())
            assert result.difference_usd == 0
        by_model = ReconciledLine.objects.aggregate(cost=Sum("ours_usd"), ours=Sum("ours"))
        assert (by_model["cost"] or 0) == (whole["cost"] or 0)
        assert (by_model["ours"] or 0) == sum(whole[kind] or 0 for kind in FIELDS)
        transaction.set_rollback(True)
