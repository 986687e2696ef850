"""A batch that threatens its deadlines is canceled, and nothing of it is paid twice."""

from datetime import timedelta
from decimal import Decimal

import pytest
from pytest_django import Settings

from aijobs.models import AIJob, Batch, BlockReason, JobAttempt, LedgerEntry, Rescue
from aijobs.pipeline import _breaker, dispatch, expedite, poll, rescue, settle
from aijobs.turnaround.choice import Choice
from aijobs.turnaround.history import Turnaround
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant
from tests.ground import Emulator
from tests.pipeline.history import canceled, ended
from tests.pipeline.steps import (
    MINUTE,
    assert_books_agree,
    at,
    hold,
    keep_going,
    queue,
    send,
)

pytestmark = pytest.mark.django_db

DEADLINE = timedelta(hours=4)
SENT = NOW + timedelta(minutes=5)
# When a batch that was sent then, and may still end, has to be canceled.
DANGER = NOW + DEADLINE - timedelta(minutes=9)


@pytest.fixture(autouse=True)
def _held(emulator: Emulator) -> None:
    hold(emulator)


def at_anthropic(*documents: str, tenant: Tenant | None = None) -> Batch:
    queue(*documents, tenant=tenant, needed_within=DEADLINE.total_seconds())
    return send(SENT)


def cancel_takes(emulator: Emulator, seconds: float) -> None:
    emulator.control("POST", "settings", {"latency_cancel": seconds})


def end(batch: Batch, emulator: Emulator, *, finished: int) -> None:
    how = {"finished": finished, "rest": "canceled"}
    emulator.control("POST", f"batches/{batch.remote_id}/end", how)


def statuses() -> list[tuple[str, str]]:
    return sorted(AIJob.objects.values_list("status", "route"))


def test_a_batch_that_will_be_in_time_is_left_alone(emulator: Emulator) -> None:
    at_anthropic("a", "b")
    assert not rescue.due(SENT + timedelta(hours=1))


def test_what_a_canceled_batch_has_not_answered_runs_at_once(emulator: Emulator) -> None:
    batch = at_anthropic("a", "b", "c", "d")
    cancel_takes(emulator, 3_600)
    assert rescue.due(DANGER)
    assert rescue.run(DANGER) == 1
    batch.refresh_from_db()
    assert (batch.status, batch.rescued_at) == ("canceling", DANGER)
    # Until it has ended, any of them may still be answered: none is run.
    assert not expedite.due(DANGER)
    assert not rescue.due(DANGER)
    end(batch, emulator, finished=2)
    assert poll.run(DANGER + MINUTE) == 1
    assert settle.run(DANGER + MINUTE) == 1
    assert expedite.run(DANGER + MINUTE, at(DANGER + MINUTE)) == 2
    assert statuses() == [("completed", "batch")] * 2 + [("completed", "sync")] * 2
    assert_books_agree(emulator)
    assert LedgerEntry.objects.count() == 4


def test_a_batch_that_ends_while_it_is_canceled_is_kept(emulator: Emulator) -> None:
    batch = at_anthropic("a", "b")
    cancel_takes(emulator, 3_600)
    rescue.run(DANGER)
    end(batch, emulator, finished=2)
    keep_going(DANGER + MINUTE)
    assert statuses() == [("completed", "batch")] * 2
    assert not Rescue.objects.exists()
    assert_books_agree(emulator)


def test_a_batch_that_ended_unseen_is_not_canceled(emulator: Emulator) -> None:
    batch = at_anthropic("a", "b")
    end(batch, emulator, finished=2)
    assert rescue.run(DANGER) == 1
    keep_going(DANGER + MINUTE)
    assert statuses() == [("completed", "batch")] * 2
    assert_books_agree(emulator)


def test_a_wish_to_cancel_that_is_lost_is_made_again(emulator: Emulator) -> None:
    batch = at_anthropic("a")
    emulator.order("cancel", "status", status=500)
    assert rescue.run(DANGER) == 1
    batch.refresh_from_db()
    assert "again when it is polled" in batch.note
    cancel_takes(emulator, 0)
    keep_going(DANGER + MINUTE)
    assert statuses() == [("completed", "sync")]
    assert_books_agree(emulator)


def test_nothing_runs_while_canceling_takes_its_time(emulator: Emulator) -> None:
    batch = at_anthropic("a", "b")
    cancel_takes(emulator, 36_000)
    rescue.run(DANGER)
    for hours in range(1, 5):
        moment = DANGER + timedelta(hours=hours)
        poll.run(moment)
        settle.run(moment)
        assert expedite.run(moment, at(moment)) == 0
    end(batch, emulator, finished=0)
    keep_going(DANGER + timedelta(hours=5))
    assert statuses() == [("completed", "sync")] * 2
    assert_books_agree(emulator)


def test_jobs_with_time_left_go_into_another_batch(emulator: Emulator) -> None:
    ended(900.0)
    queue("near", needed_within=DEADLINE.total_seconds())
    queue("far", needed_within=1.9 * DEADLINE.total_seconds())
    batch = send(SENT)
    assert batch.requests == 2
    rescue.run(DANGER)
    end(batch, emulator, finished=0)
    emulator.control("POST", "settings", {"latency_base": 0})
    keep_going(DANGER + MINUTE)
    assert statuses() == [("completed", "batch"), ("completed", "sync")]
    assert LedgerEntry.objects.count() == 2


def test_each_rescue_is_counted_of_its_tenants_limit(emulator: Emulator) -> None:
    tenant = make_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(rescue_usd=Decimal(1))
    batch = at_anthropic("a", "b", tenant=tenant)
    reserved = sum(AIJob.objects.values_list("reserved_usd", flat=True))
    rescue.run(DANGER)
    end(batch, emulator, finished=1)
    keep_going(DANGER + MINUTE)
    spent = Rescue.objects.get()
    assert (spent.tenant_id, spent.jobs) == (tenant.pk, 1)
    assert spent.usd == reserved / 4


@pytest.mark.parametrize("wish", [{"rescue_usd": Decimal(0)}, {"full_price": False}])
def test_no_batch_is_canceled_for_who_does_not_pay_for_it(
    emulator: Emulator, wish: dict[str, object]
) -> None:
    tenant = make_tenant()
    Tenant.objects.filter(pk=tenant.pk).update(**wish)
    at_anthropic("a", tenant=tenant)
    assert not rescue.due(DANGER)
    assert not rescue.due(NOW + DEADLINE + MINUTE)


def test_it_begins_early_enough_for_canceling_as_it_was_lately(emulator: Emulator) -> None:
    at_anthropic("a")
    assert not rescue.due(DANGER - timedelta(minutes=30))
    canceled(2_400.0)
    assert Choice(Turnaround.load(NOW)).rescue_takes(1, 95) > timedelta(minutes=40)
    assert rescue.due(DANGER - timedelta(minutes=32))


def test_it_begins_earlier_where_others_run_at_once_before(
    emulator: Emulator, settings: Settings
) -> None:
    canceled(60.0)
    at_anthropic("a")
    settings.AIJOBS_URGENT_AT_ONCE = 1
    earlier = DANGER - timedelta(minutes=8)
    assert not rescue.due(earlier)
    for _ in range(40):
        make_job(make_tenant(), route="sync")
    assert rescue.due(earlier)


def test_nothing_is_canceled_while_nothing_could_run_instead(emulator: Emulator) -> None:
    at_anthropic("a")
    _breaker.trip(BlockReason.LOW_CREDIT, "no credit", sent_at=DANGER, now=DANGER)
    assert not rescue.due(DANGER)


def test_a_canceled_job_has_not_used_up_an_attempt(emulator: Emulator) -> None:
    batch = at_anthropic("a")
    rescue.run(DANGER)
    end(batch, emulator, finished=0)
    keep_going(DANGER + MINUTE)
    assert JobAttempt.objects.get().error_type == "canceled"
    assert AIJob.objects.get().status == "completed"
    assert dispatch.run(DANGER + MINUTE, at(DANGER)) == 0


def test_no_more_batches_are_canceled_than_a_limit_of_rescues_pays_for(emulator: Emulator) -> None:
    tenant = make_tenant()
    for text in "abc":
        at_anthropic(text, tenant=tenant)
    AIJob.objects.update(reserved_usd=Decimal("0.10"))
    Tenant.objects.filter(pk=tenant.pk).update(rescue_usd=Decimal("0.12"))
    assert rescue.run(DANGER) == 2
    assert not rescue.due(DANGER)


def test_no_batch_is_canceled_for_a_tenant_that_has_spent_its_limit(emulator: Emulator) -> None:
    tenant = make_tenant()
    at_anthropic("a", tenant=tenant)
    Tenant.objects.filter(pk=tenant.pk).update(limit_usd=Decimal(0))
    assert not rescue.due(DANGER)


def test_the_deadline_of_who_does_not_pay_endangers_no_batch(emulator: Emulator) -> None:
    ended(3_000.0)
    thrifty, other = make_tenant(), make_tenant()
    queue("near", tenant=thrifty, needed_within=DEADLINE.total_seconds())
    queue("far", tenant=other, needed_within=1.9 * DEADLINE.total_seconds())
    assert send(SENT).requests == 2
    Tenant.objects.filter(pk=thrifty.pk).update(full_price=False)
    assert not rescue.due(DANGER)
    assert rescue.due(NOW + 1.9 * DEADLINE - timedelta(minutes=9))


def test_what_was_rescued_is_not_tried_in_another_batch(emulator: Emulator) -> None:
    """Unless that is certain enough: else it would be canceled again and again."""
    canceled(60.0)
    queue("a", needed_within=600)
    batch = send(SENT)
    danger = SENT
    while not rescue.due(danger):
        danger += timedelta(seconds=15)
    rescue.run(danger)
    end(batch, emulator, finished=0)
    poll.run(danger + MINUTE)
    settle.run(danger + MINUTE)
    assert expedite.run(danger + MINUTE, at(danger + MINUTE)) == 1
    assert AIJob.objects.get().attempts == 2
