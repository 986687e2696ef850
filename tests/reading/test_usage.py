"""What was spent in a period: sums that add up, whatever they are grouped by."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from aijobs.models import LedgerEntry
from aijobs.reading.money import NOTHING, spent
from aijobs.reading.usage import EndsBeforeItBegins, Period, dearest_first, usage
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant
from tests.reading.rows import correct

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def spend(tenant: Tenant, cost: str, full: str, days_ago: int = 0, **fields: str) -> None:
    make_charge(make_job(tenant), cost, full, created_at=NOW - timedelta(days=days_ago), **fields)


def last_days(days: int) -> Period:
    return Period.last_days(days, now=NOW)


def test_every_day_is_there_and_has_its_sums() -> None:
    tenant = make_tenant()
    spend(tenant, "1", "2")
    spend(tenant, "2", "2", route="sync")
    spend(tenant, "3", "6", days_ago=2)
    spend(tenant, "8", "9", days_ago=4)
    spend(make_tenant(), "50", "100")
    found = usage(tenant, last_days(4))
    assert [(day, int(money.cost), int(money.saved)) for day, money in found.every_day] == [
        (date(2026, 10, 30), 0, 0),
        (date(2026, 10, 31), 3, 3),
        (date(2026, 11, 1), 0, 0),
        (date(2026, 11, 2), 3, 1),
    ]
    assert found.rows("day") == [found.every_day[1], found.every_day[3]]
    assert found.total.answers == 3


def test_sums_by_kind_and_route_begin_with_the_dearest_or_stand_in_order() -> None:
    tenant = make_tenant()
    spend(tenant, "1", "2", job_type="classify")
    spend(tenant, "2", "4", job_type="analyze", route="sync")
    spend(tenant, "3", "5", job_type="summarize")
    spend(tenant, "8", "8", job_type="classify", days_ago=2)
    found = usage(tenant, last_days(2))
    dearest = [name for name, _ in dearest_first(found.by("job_type"))]
    assert dearest == ["summarize", "analyze", "classify"]
    assert [name for name, _ in found.rows("job_type")] == ["analyze", "classify", "summarize"]
    assert [(name, int(money.cost)) for name, money in found.rows("route")] == [
        ("batch", 4),
        ("sync", 2),
    ]
    assert found.total == spent(tenant, last_days(2).since)


def test_all_kinds_of_tokens_are_added_up() -> None:
    tenant, caches = make_tenant(), {"cache_write_5m_tokens": 5, "cache_write_1h_tokens": 7}
    make_charge(make_job(tenant), "1", "2", cache_read_tokens=3, **caches)
    total = usage(tenant, last_days(1)).total
    assert (total.input_tokens, total.cache_read_tokens, total.cache_write_tokens) == (100, 3, 12)
    assert (total.tokens_read, total.output_tokens) == (115, 10)


def test_a_correction_brings_money_and_is_no_answer() -> None:
    tenant = make_tenant()
    correct(make_charge(make_job(tenant), "0", "0", priced_as=""), "1", "2")
    total = usage(tenant, last_days(1)).total
    assert (int(total.cost), int(total.full), total.answers, total.jobs) == (1, 2, 1, 1)
    assert LedgerEntry.objects.count() == 2


def test_groups_of_several_names_add_up_to_the_whole() -> None:
    tenant = make_tenant()
    spend(tenant, "1", "2", model="claude-opus-5-5")
    spend(tenant, "2", "2", model="claude-opus-5-5", route="sync")
    spend(tenant, "3", "6", days_ago=1)
    names = ("model", "created_by", "route")
    found = usage(tenant, last_days(2), names)
    assert [(group, int(money.cost)) for group, money in found.rows(*names)] == [
        (("claude-haiku-5-5", "test", "batch"), 3),
        (("claude-opus-5-5", "test", "batch"), 1),
        (("claude-opus-5-5", "test", "sync"), 2),
    ]
    for name in names:
        assert sum(found.by(name).values(), NOTHING) == found.total
    assert (int(found.total.batch_full), found.total.batch_percent) == (8, 80)


def test_a_cache_that_saved_nothing_that_is_sure_saved_nothing() -> None:
    tenant = make_tenant()
    for model, job_type in [("claude-unheard-of", "classify"), ("", "classify")]:
        spend(tenant, "1", "2", model=model, job_type=job_type)
    make_charge(make_job(tenant), "1", "2", cache_read_tokens=1_000_000, job_type="gone")
    assert usage(tenant, last_days(1)).total.cache_saved == 0
    # Of Haiku by batch, the lower tier: half of 0.10 − 0.01 for a million tokens.
    make_charge(make_job(tenant), "1", "2", cache_read_tokens=1_000_000)
    assert usage(tenant, last_days(1)).total.cache_saved == Decimal("0.045")


def test_nothing_charged_is_nothing() -> None:
    found = usage(make_tenant(), last_days(7))
    assert (found.total, found.rows("day"), len(found.every_day)) == (NOTHING, [], 7)


def test_a_period_has_whole_hours() -> None:
    minute = timedelta(minutes=1)
    assert Period.around(NOW + minute, NOW + 2 * minute, now=NOW) == Period(NOW, NOW + HOUR)
    assert Period.around(NOW, NOW, now=NOW) == Period(NOW, NOW)
    assert Period.around(None, None, now=NOW).since == NOW - timedelta(days=30)
    assert last_days(1) == Period(datetime(2026, 11, 2, tzinfo=UTC), NOW + HOUR)


def test_a_month_is_followed_and_preceded_by_months() -> None:
    february = Period.month(date(2028, 2, 1))
    assert (len(february.days), february.days[-1]) == (29, date(2028, 2, 29))
    assert february.before == Period.month(date(2028, 1, 1))
    assert Period.month(date(2027, 1, 1)).before == Period.month(date(2026, 12, 1))
    week = Period.days_from(date(2026, 11, 1), date(2026, 11, 7))
    assert week.before == Period.days_from(date(2026, 10, 25), date(2026, 10, 31))


def test_a_period_has_a_name_for_files() -> None:
    assert Period.month(date(2026, 12, 1)).name == "2026-12"
    assert Period.days_from(date(2026, 11, 1), date(2026, 11, 30)).name == "2026-11"
    assert Period.days_from(date(2026, 11, 1), date(2026, 12, 31)).name == (
        "2026-11-01-to-2026-12-31"
    )
    assert Period(NOW, NOW).name == "2026-11-02-to-2026-11-02"


def test_a_period_does_not_end_before_it_begins() -> None:
    with pytest.raises(EndsBeforeItBegins):
        Period.around(NOW, NOW - HOUR, now=NOW)


def test_the_hour_that_begins_with_the_end_is_not_part_of_a_period() -> None:
    tenant = make_tenant()
    make_charge(make_job(tenant), "1", "2")
    assert usage(tenant, Period(NOW, NOW + HOUR)).total.cost == Decimal(1)
    assert usage(tenant, Period(NOW - HOUR, NOW)).total == NOTHING
    assert usage(tenant, Period(NOW + HOUR, NOW + 2 * HOUR)).total == NOTHING
