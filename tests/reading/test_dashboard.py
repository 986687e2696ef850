"""The headline figures."""

from datetime import timedelta

import pytest

from aijobs.reading import dashboard
from aijobs.reading.dashboard import figures
from tests.factories import NOW, make_batch, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db


def test_the_figures_are_those_of_this_month_and_of_the_last_day() -> None:
    tenant = make_tenant()
    today = make_job(tenant, status="completed", finished_at=NOW)
    make_charge(today, "1", "2")
    before = make_job(tenant, status="completed", finished_at=NOW)
    make_charge(before, "1", "4", created_at=NOW - timedelta(hours=25))
    last_month = make_job(tenant, status="completed", finished_at=NOW)
    make_charge(last_month, "100", "200", created_at=NOW - timedelta(days=20))
    billed_in_vain = make_job(tenant, status="failed", finished_at=NOW)
    make_charge(billed_in_vain, "1", "2")
    make_job(tenant)
    make_job(tenant, status="submitted", batch=make_batch("submitted"))
    make_charge(make_job(make_tenant(), status="completed", finished_at=NOW), "7", "14")

    found = figures(tenant, now=NOW)
    assert found.month.cost == 3
    assert found.month.saved == 5
    assert found.month.saved_percent == 62
    assert (found.waiting, found.in_progress, found.answers_today) == (1, 1, 2)


@pytest.fixture
def low_limit(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(dashboard, "COUNT_LIMIT", 2)
    return 2


def test_counting_ends_at_the_limit(low_limit: int) -> None:
    tenant = make_tenant()
    for _ in range(5):
        make_job(tenant)
    assert figures(tenant, now=NOW).waiting == low_limit + 1
