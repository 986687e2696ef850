"""Staff see on the overview whether the ledger agrees with Anthropic's bill."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.admin.rows import page
from tests.factories import make_charge, make_job, make_reconciliation, make_tenant

pytestmark = pytest.mark.django_db


def test_the_overview_names_days_that_differ_and_the_last_that_was_checked(staff: Client) -> None:
    today = timezone.now().date()
    wrong = make_reconciliation(
        today - timedelta(days=2),
        verdict="differs",
        difference_usd=Decimal("1.25"),
        notes=["Batch 7: 3 of 10 answers are not charged here."],
    )
    make_reconciliation(today - timedelta(days=90), verdict="differs")
    make_reconciliation(today - timedelta(days=1))
    text = page(staff, "index")
    assert f'<a href="/admin/aijobs/reconciliation/{wrong.pk}/change/">{wrong.day}</a>' in text
    assert "3 of 10 answers are not charged here." in text
    assert text.count("differs by") == 1
    assert f"{today - timedelta(days=1)} was checked last: agrees." in text
    assert 'href="/admin/aijobs/reconciliation/"' in text


def test_the_overview_says_what_to_set_where_no_bill_is_read(staff: Client, settings: Any) -> None:
    assert "No day was checked yet" in page(staff, "index")
    settings.ANTHROPIC_ADMIN_KEY = ""
    assert "ANTHROPIC_ADMIN_KEY" in page(staff, "index")


def test_the_overview_counts_estimates_and_the_ledger_shows_them(staff: Client) -> None:
    job = make_job(make_tenant())
    make_charge(job)
    assert "came without usage" not in page(staff, "index")
    make_charge(job, is_estimated=True)
    assert "is_estimated__exact=1" in page(staff, "index")
    found = page(staff, "aijobs_ledgerentry_changelist", is_estimated__exact="1")
    assert found.count('class="action-select"') + found.count("field-id") == 1
    assert "estimated" in page(staff, "aijobs_aijob_change", job.pk)


def test_a_day_shows_ours_theirs_and_the_difference(staff: Client) -> None:
    one = make_reconciliation(verdict="differs", notes=["A note."])
    one.lines.update(theirs=1_234, theirs_usd=Decimal("0.0000617"))
    text = page(staff, "aijobs_reconciliation_change", one.pk)
    for words in ("1,000", "1,234", "234", "$0.0000500000", "$0.0000117000", "A note."):
        assert words in text


@pytest.mark.parametrize(("term", "found"), [("2026-11-02", 1), ("2026-11", 1), ("2025", 0)])
def test_a_day_is_found_by_its_date(staff: Client, term: str, found: int) -> None:
    make_reconciliation()
    text = page(staff, "aijobs_reconciliation_changelist", q=term)
    assert (
        text.count("/admin/aijobs/reconciliation/")
        - text.count('href="/admin/aijobs/reconciliation/"')
        >= found
    )
    assert ("0 reconciliations" in text) == (not found)
