"""Budgets and pauses are told by the transaction that stores them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aijobs.budgets import notices
from aijobs.models import BlockReason, CircuitBreaker, Webhook, WebhookEvent
from aijobs.pipeline import _breaker
from tests.factories import NOW, make_charge, make_job, make_tenant, make_webhook

pytestmark = pytest.mark.django_db


def told(webhook: Webhook) -> list[tuple[str, dict[str, object]]]:
    rows = WebhookEvent.objects.filter(deliveries__webhook=webhook).order_by("deliveries__pk")
    return list(rows.values_list("type", "data"))


def test_each_part_of_a_budget_is_told_once() -> None:
    tenant = make_tenant(budget_usd=Decimal(10))
    webhook = make_webhook(tenant)
    make_charge(make_job(tenant), cost="8.50")
    notices.tell(NOW)
    notices.tell(NOW + timedelta(hours=1))
    assert told(webhook) == [
        ("budget.threshold", {"month": "2026-11", "percent": 50}),
        ("budget.threshold", {"month": "2026-11", "percent": 80}),
    ]


def test_a_pause_and_its_end_are_told_to_all_tenants_that_want_to_know() -> None:
    one, other, third = (make_webhook(make_tenant()) for _ in range(3))
    Webhook.objects.filter(pk=other.pk).update(events=["sending.paused"])
    Webhook.objects.filter(pk=third.pk).update(events=["job.failed"])
    _breaker.trip(BlockReason.LOW_CREDIT, "No credit.", sent_at=NOW, now=NOW)
    # It is told once, however often a probe fails.
    _breaker.trip(BlockReason.BILLING, "Still.", sent_at=NOW, now=NOW + timedelta(minutes=1))
    CircuitBreaker.objects.get().mark_closed(NOW + timedelta(minutes=5))
    assert told(one) == [
        ("sending.paused", {"reason": "low_credit"}),
        ("sending.resumed", {"reason": "billing"}),
    ]
    assert told(other) == [("sending.paused", {"reason": "low_credit"})]
    assert told(third) == []
