"""What ran over midnight stands on one day here, and on two of the bill."""

from datetime import timedelta

from django.db.models import Sum

from aijobs.models import Batch, Submission
from citizenapp.tenants.models import Tenant
from tests.bill.ground import DAY, HOUR, Clock, compare, fetch, queue, send, stranger
from tests.emulator.requests import make_request
from tests.factories import make_batch, make_charge, make_job
from tests.ground import Emulator
from tests.pipeline.steps import TEXT


def test_what_ran_over_midnight_is_compared_with_the_days_beside_it(
    clock: Clock, tenant: Tenant, emulator: Emulator
) -> None:
    emulator.control("POST", "settings", {"latency_base": 7_200})
    first = clock.today
    work_ends = clock.now.replace(hour=23)
    clock.set(work_ends)
    queue(clock, *[f"{TEXT} {n}" for n in range(10)], tenant=tenant)
    send(clock)
    clock.on(2.1)
    fetch(clock)
    second = clock.today
    assert second == first + DAY
    clock.on(1)
    early = compare(clock, first)
    assert (early.verdict, early.is_final, early.last_day) == ("open", False, second)
    clock.on(24)
    before, after = compare(clock, first), compare(clock, second)
    for found in (before, after):
        assert (found.verdict, found.is_final) == ("shifted", True)
        assert (found.first_day, found.last_day) == (first, second)
        assert "over midnight" in found.notes[0]
    # The bill has it on both days, and the ledger on the one on which it ended.
    assert before.lines.aggregate(Sum("ours"))["ours__sum"] == 0
    assert (before.difference_usd or 0) + (after.difference_usd or 0) == 0
    assert before.difference_usd
    assert before.difference_usd > 0


def test_a_batch_on_its_way_keeps_the_days_beside_it_open(
    clock: Clock, tenant: Tenant, emulator: Emulator
) -> None:
    first = clock.today
    clock.set(clock.now.replace(hour=23))
    for hours in (2.1, 22.5):
        emulator.control("POST", "settings", {"latency_base": 7_200})
        queue(clock, *[f"{TEXT} {n}" for n in range(7)], tenant=tenant)
        send(clock)
        clock.on(hours)
        if hours < 22:
            fetch(clock)
            clock.on(21.5)
    # The second one has run over the next midnight, and is not fetched yet.
    assert clock.today == first + 2 * DAY
    found = compare(clock, first)
    assert (found.verdict, found.is_final) == ("open", False)
    fetch(clock)
    clock.on(48)
    found = compare(clock, first)
    assert (found.verdict, found.last_day, found.is_final) == ("shifted", first + 2 * DAY, True)


def test_what_is_missing_is_not_taken_for_a_shift(
    clock: Clock, tenant: Tenant, emulator: Emulator
) -> None:
    emulator.control("POST", "settings", {"latency_base": 7_200})
    first = clock.today
    clock.set(clock.now.replace(hour=23))
    queue(clock, *[f"{TEXT} {n}" for n in range(10)], tenant=tenant)
    send(clock)
    with stranger(emulator) as client:
        client.messages.batches.create(requests=[make_request()])
    clock.on(2.1)
    fetch(clock)
    clock.on(30)
    assert {compare(clock, day).verdict for day in (first, first + DAY)} == {"differs"}


def test_a_window_grows_as_far_as_batches_are_connected(clock: Clock, tenant: Tenant) -> None:
    day = clock.today - 5 * DAY
    for days, hour in ((0, 22), (1, 22)):
        sent = clock.now - 5 * DAY + timedelta(days=days, hours=hour - 10)
        batch = make_batch("settled", submitted_at=sent, ended_at=sent + 4 * HOUR)
        Submission.objects.filter(batch=batch).update(sent_at=sent)
    for one in range(3):
        found = compare(clock, day + one * DAY)
        assert (found.first_day, found.last_day) == (day, day + 2 * DAY)
    assert compare(clock, day + 3 * DAY).first_day == day + 3 * DAY


def test_a_chain_of_batches_without_an_end_is_not_followed_for_ever(clock: Clock) -> None:
    for days in range(12):
        sent = clock.now - timedelta(days=days, hours=-12)
        batch = make_batch("settled", submitted_at=sent, ended_at=sent + 4 * HOUR)
        Submission.objects.filter(batch=batch).update(sent_at=sent)
    found = compare(clock, clock.today - 5 * DAY)
    assert (found.last_day - found.first_day).days == 6
    assert any("may stand on both sides" in note for note in found.notes)


def test_days_without_an_end_agree_as_far_as_can_be_told(
    clock: Clock, tenant: Tenant, emulator: Emulator
) -> None:
    # Each night a batch runs over midnight, so that every day is connected to all others.
    emulator.control("POST", "settings", {"latency_base": 7_200})
    first = clock.today
    clock.set(clock.now.replace(hour=23))
    for night in range(9):
        queue(clock, *[f"{TEXT} {night} {n}" for n in range(2 + 3 * night)], tenant=tenant)
        send(clock)
        clock.on(2.1)
        fetch(clock)
        clock.on(21.9)
    middle = first + 4 * DAY
    found = compare(clock, middle)
    assert (found.verdict, found.is_final) == ("shifted", True)
    assert (found.first_day, found.last_day) == (first + DAY, first + 7 * DAY)
    # More than a night can hold is no shift.
    job = make_job(tenant)
    make_charge(job, "1", input_tokens=1_000_000, route="batch", batch=Batch.objects.all()[3])
    assert compare(clock, middle).verdict == "differs"
