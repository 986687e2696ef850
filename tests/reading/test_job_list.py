"""What stands above the list of jobs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aijobs.reading.job_list import overview
from tests.factories import NOW, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db


def test_the_figures_are_those_of_this_month() -> None:
    tenant = make_tenant()
    today = make_job(tenant, status="completed", finished_at=NOW)
    make_charge(today, "1", "2")
    before = make_job(tenant, status="completed", finished_at=NOW)
    make_charge(before, "1", "4", created_at=NOW - timedelta(hours=25))
    last_month = make_job(tenant, status="completed", finished_at=NOW)
    make_charge(last_month, "100", "200", created_at=NOW - timedelta(days=20))
    make_charge(make_job(make_tenant(), status="completed", finished_at=NOW), "7", "14")

    month = overview(tenant, now=NOW).month
    assert (month.cost, month.saved) == (Decimal(2), Decimal(4))
    assert (month.saved_percent, month.answers) == (66, 2)
