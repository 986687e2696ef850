"""Each job takes the cheapest road that still meets its deadline."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from aijobs.jobtypes import InvalidInput
from aijobs.models import AIJob, Batch, LedgerEntry, Rescue
from aijobs.pipeline import assemble, expedite
from aijobs.pipeline._roads import Roads
from aijobs.turnaround.choice import Choice
from aijobs.turnaround.history import Turnaround
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant
from tests.ground import Emulator
from tests.pipeline.history import canceled, ended
from tests.pipeline.steps import MINUTE, at, keep_going, queue

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def choice(now: datetime = NOW) -> Choice:
    return Choice(Turnaround.load(now))


def choose(now: datetime = NOW) -> int:
    return Roads.at(now).choose()


def routes() -> dict[str, int]:
    jobs = AIJob.objects.values_list("route", flat=True)
    return {route: list(jobs).count(route) for route in set(jobs)}


def test_without_a_history_the_published_times_decide() -> None:
    certain, tried = (
        choice().reach(95, may_be_rescued=False),
        choice().reach(95, may_be_rescued=True),
    )
    assert timedelta(minutes=20) < certain < timedelta(minutes=30)
    assert timedelta(minutes=20) < tried <= certain
    reach = tried
    queue(needed_within=reach.total_seconds() - 1)
    queue(needed_within=reach.total_seconds() + 1)
    queue()
    assert choose() == 1
    assert routes() == {"sync": 1, "batch": 2}


def test_a_deadline_that_batches_meet_lately_goes_by_batch() -> None:
    ended(20.0)
    queue(needed_within=120)
    assert choose() == 0
    assert routes() == {"batch": 1}


def test_a_deadline_that_batches_miss_lately_runs_at_once(emulator: Emulator) -> None:
    ended(7_200.0)
    [job] = queue(needed_within=3_600)
    assert expedite.due(NOW)
    assert expedite.run(NOW, at(NOW)) == 1
    job.refresh_from_db()
    assert (job.status, job.route) == ("completed", "sync")


def test_whoever_wants_to_be_more_certain_pays_sooner() -> None:
    ended(60.0, batches=90)
    ended(3_000.0, batches=10)
    for percent in (80, 99):
        tenant = make_tenant()
        Tenant.objects.filter(pk=tenant.pk).update(deadline_percent=percent)
        queue(tenant=tenant, needed_within=600)
    assert choose() == 1
    assert AIJob.objects.get(route="sync").tenant.deadline_percent == 99


def test_a_batch_is_tried_where_canceling_and_a_call_would_leave_the_time() -> None:
    canceled(60.0)
    assert timedelta(minutes=3) < choice().reach(95, may_be_rescued=True) < timedelta(minutes=6)
    assert choice().reach(95, may_be_rescued=False) > timedelta(minutes=20)


def test_whoever_limits_rescues_tries_nothing() -> None:
    canceled(60.0)
    tried, certain = (
        choice().reach(95, may_be_rescued=True),
        choice().reach(95, may_be_rescued=False),
    )
    within = ((tried + certain) / 2).total_seconds()
    limited = make_tenant()
    Tenant.objects.filter(pk=limited.pk).update(rescue_usd=Decimal(100))
    queue("a", tenant=limited, needed_within=within)
    queue("b", needed_within=within)
    assert choose() == 1
    assert AIJob.objects.get(route="sync").tenant == limited


def test_what_waits_leaves_as_long_as_a_batch_is_in_time() -> None:
    ended(60.0)
    [job] = queue(needed_within=7_200)
    assert job.needed_by
    leaves_by = choice().leaves_by(job.needed_by, 1, 95, may_be_rescued=True)
    ordinary = NOW + timedelta(minutes=5)
    assert leaves_by > ordinary
    AIJob.objects.update(not_before=leaves_by - MINUTE, created_at=leaves_by - MINUTE)
    assert not assemble.due(leaves_by - SECOND)
    assert assemble.run(leaves_by) == 1
    batch = Batch.objects.latest("pk")
    assert batch.needed_by == job.needed_by
    assert batch.promised_seconds


def test_what_has_no_deadline_shares_no_batch_with_what_has_one() -> None:
    queue("a", "b")
    queue("c", needed_within=7_200)
    queue("d", needed_within=10_000)
    queue("e", needed_within=80_000)
    now = NOW + timedelta(minutes=5)
    assert assemble.run(now) == 3
    deadlines = [
        sorted(AIJob.objects.filter(batch=batch).values_list("needed_by", flat=True), key=str)
        for batch in Batch.objects.order_by("pk")
    ]
    assert deadlines == [
        [NOW + 7_200 * SECOND, NOW + 10_000 * SECOND],
        [NOW + 80_000 * SECOND],
        [None, None],
    ]


def test_a_batch_is_no_larger_than_its_deadline_allows() -> None:
    canceled(60.0)
    certain = choice().largest(timedelta(hours=1), 95, may_be_rescued=False)
    assert 1 < certain < 30 < choice().largest(timedelta(hours=1), 95, may_be_rescued=True)
    left = timedelta(minutes=10)
    most = choice().largest(left, 95, may_be_rescued=True)
    assert 1 < most < 200
    tenant = make_tenant()
    for number in range(2 * most + 1):
        make_job(tenant, needed_by=NOW + left, not_before=NOW - MINUTE * number)
    assert assemble.run(NOW) > 2
    assert Batch.objects.filter(status="assembled").earliest("pk").requests == most


def test_a_job_is_put_into_no_batch_that_has_too_little_time_for_it() -> None:
    queue("a", needed_within=60)
    queue("b", needed_within=80_000)
    later = NOW + timedelta(minutes=5)
    assert assemble.run(later) == 1
    assert Batch.objects.get().requests == 1
    assert routes() == {"batch": 1, "sync": 1}


def test_who_never_pays_the_full_price_goes_by_batch_whatever_the_deadline(
    emulator: Emulator,
) -> None:
    tenant = make_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(full_price=False)
    queue("a", "b", tenant=tenant, needed_within=60)
    assert not expedite.due(NOW)
    keep_going(NOW)
    assert set(LedgerEntry.objects.values_list("route", flat=True)) == {"batch"}
    assert AIJob.objects.filter(status="completed").count() == 2


def test_what_waits_for_something_else_is_left_where_it_is() -> None:
    [job] = queue(needed_within=60)
    AIJob.objects.update(not_before=NOW + timedelta(hours=1))
    assert choose() == 0
    assert not assemble.due(NOW)
    job.refresh_from_db()
    assert job.route == "batch"


def test_a_limit_of_rescues_is_never_overrun() -> None:
    tenant = make_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(rescue_usd=Decimal("0.05"))
    for number in range(7):
        make_job(
            tenant,
            attempts=1,
            reserved_usd=Decimal("0.04"),
            needed_by=NOW + SECOND * number,
        )
    first = AIJob.objects.order_by("needed_by", "pk").values_list("pk", flat=True)[:2]
    assert choose() == 2
    assert set(AIJob.objects.filter(route="sync").values_list("pk", flat=True)) == set(first)
    assert Rescue.objects.get().usd == Decimal("0.04")
    assert choose() == 0
    next_month = NOW + timedelta(days=31)
    assert choose(next_month) == 2


def test_what_was_in_no_batch_costs_no_rescues() -> None:
    tenant = make_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(rescue_usd=Decimal(0))
    queue(tenant=tenant, needed_within=60)
    assert choose() == 1
    assert not Rescue.objects.exists()


def test_the_full_price_can_not_be_asked_for_where_it_is_never_paid() -> None:
    tenant = make_tenant()
    tenant.full_price = False
    tenant.save()
    with pytest.raises(InvalidInput) as refused:
        queue(tenant=tenant, needed_within=0)
    assert "needed_within" in refused.value.errors


def test_a_slow_hour_moves_the_choice_and_goes_by() -> None:
    ended(20.0, promised=60.0)
    queue(needed_within=600)
    assert choose() == 0
    ended(1_200.0, batches=5, now=NOW + timedelta(days=1, minutes=-1), promised=60.0)
    assert Turnaround.load(NOW).conditions.is_slow
    assert choose() == 1
    later = NOW + timedelta(hours=2)
    assert not Turnaround.load(later).conditions.is_slow
    queue(needed_within=600, now=later)
    assert choose(later) == 0
