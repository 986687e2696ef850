"""A day of the ledger is held against the bill: what agrees, what differs, and what explains it."""

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from aijobs import gateway, pricing
from aijobs.bill import check, reports
from aijobs.models import (
    Batch,
    JobAttempt,
    LedgerEntry,
    ReconciledLine,
    Reconciliation,
    Submission,
)
from aijobs.pipeline import sweep
from citizenapp.tenants.models import Tenant
from tests.bill.ground import DAY, Clock, call, compare, fetch, queue, send, stranger
from tests.emulator.requests import make_params
from tests.factories import make_batch, make_charge, make_job, make_submission
from tests.ground import Emulator
from tests.pipeline.steps import TEXT

POLICY = "The insured must report a loss. Liability is limited to 1000. " * 3


def verdicts(found: Reconciliation) -> set[str]:
    return set(found.lines.values_list("verdict", flat=True))


def work(clock: Clock, tenant: Tenant) -> None:
    """A batch for two models, and a call."""
    queue(clock, TEXT, TEXT * 2, "[[emulate:refusal]]", "[[emulate:expired]]", tenant=tenant)
    queue(clock, POLICY, job_type="analyze", tenant=tenant)
    queue(clock, tenant=tenant, urgent=True)
    send(clock)
    fetch(clock)
    call(clock)


def test_a_day_on_which_all_was_fetched_agrees_in_every_line(clock: Clock, tenant: Tenant) -> None:
    work(clock, tenant)
    day = clock.today
    clock.on(24)
    found = compare(clock, day)
    assert (found.verdict, found.is_final, found.notes) == ("agrees", True, [])
    assert found.difference_usd == 0
    assert set(found.lines.values_list("model", "kind", "tier")) == {
        (model, kind, tier)
        for model, tier in [
            ("claude-haiku-5-5", "batch"),
            ("claude-sonnet-5-5", "batch"),
            ("claude-haiku-5-5", "standard"),
        ]
        for kind in ("input_tokens", "output_tokens")
    }
    assert found.lines.aggregate(ours=Sum("ours_usd"), theirs=Sum("theirs_usd")) == {
        side: LedgerEntry.objects.aggregate(cost=Sum("cost_usd"))["cost"]
        for side in ("ours", "theirs")
    }
    assert all(line.ours == line.theirs for line in found.lines.all())


def test_a_day_without_any_use_agrees(clock: Clock) -> None:
    found = compare(clock, clock.today - DAY)
    assert (found.verdict, found.is_final, found.lines.count()) == ("agrees", True, 0)


def test_what_somebody_else_used_by_our_key_is_a_difference(
    clock: Clock, tenant: Tenant, emulator: Emulator
) -> None:
    work(clock, tenant)
    with stranger(emulator) as client:
        used = client.messages.create(**make_params(model="claude-opus-5-5")).usage
    day = clock.today
    clock.on(24)
    found = compare(clock, day)
    assert (found.verdict, found.is_final) == ("differs", True)
    differing = found.lines.exclude(verdict="agrees").order_by("kind")
    assert list(differing.values_list("model", "kind", "ours", "theirs")) == [
        ("claude-opus-5-5", "input_tokens", 0, used.input_tokens),
        ("claude-opus-5-5", "output_tokens", 0, used.output_tokens),
    ]
    cost = pricing.charge(
        "claude-opus-5-5",
        pricing.Usage(used.input_tokens, used.output_tokens),
        batch=False,
        on=day,
    )
    assert found.difference_usd == cost.cost_usd


def test_a_charge_that_anthropic_knows_nothing_of_is_a_difference(
    clock: Clock, tenant: Tenant
) -> None:
    work(clock, tenant)
    batch = Batch.objects.get()
    make_charge(make_job(tenant), "0.00001", "0.00002", batch=batch, created_at=clock.now)
    day = clock.today
    clock.on(24)
    found = compare(clock, day)
    assert found.verdict == "differs"
    assert any("charges here for" in note and f"Batch {batch.pk} " in note for note in found.notes)


def test_a_wrong_price_shows_in_money_while_the_tokens_agree(
    clock: Clock, tenant: Tenant, tmp_path: Any
) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(
        '[[prices]]\nmodel = "claude-haiku-5-5"\nvalid_from = 2026-11-01\n'
        'tiers = [{ input = "0.20", output = "0.50" }]\n'
    )
    pricing.use_table(table)
    try:
        queue(clock, tenant=tenant)
        send(clock)
        fetch(clock)
        day = clock.today
        clock.on(24)
        found = compare(clock, day)
    finally:
        pricing.use_table(None)
    assert dict(found.lines.values_list("kind", "verdict")) == {
        "input_tokens": "differs",
        "output_tokens": "agrees",
    }
    line = found.lines.get(kind="input_tokens")
    assert (line.ours, line.ours_usd) == (line.theirs, 2 * (line.theirs_usd or 0))


def test_a_long_prompt_is_priced_by_its_length_on_both_sides(clock: Clock, tenant: Tenant) -> None:
    # Beyond 100,000 tokens Haiku 5.5 costs five times as much.
    queue(clock, "word " * 110_000, TEXT, tenant=tenant)
    send(clock)
    fetch(clock)
    day = clock.today
    clock.on(24)
    found = compare(clock, day)
    assert found.verdict == "agrees"
    assert found.difference_usd == 0
    assert not found.lines.filter(kind="other").exists()
    assert found.lines.get(kind="input_tokens").ours > 110_000


def test_a_price_that_came_later_counts_with_its_charge(
    clock: Clock, tenant: Tenant, settings: Any
) -> None:
    queue(clock, tenant=tenant)
    send(clock)
    fetch(clock)
    paid = LedgerEntry.objects.get()
    unpriced = make_charge(
        make_job(tenant),
        "0",
        "0",
        priced_as="",
        priced_on=clock.today,
        route="sync",
        created_at=clock.now,
    )
    sweep.run(clock.now)
    assert LedgerEntry.objects.get(corrects=unpriced).cost_usd > 0
    found = compare(clock, clock.today)
    ours = found.lines.aggregate(cost=Sum("ours_usd"), tokens=Sum("ours"))
    assert ours["cost"] == LedgerEntry.objects.aggregate(cost=Sum("cost_usd"))["cost"]
    assert ours["tokens"] == paid.input_tokens + paid.output_tokens + 110


def test_an_answer_without_usage_differs_by_the_estimate_and_says_so(
    clock: Clock, tenant: Tenant
) -> None:
    queue(clock, f"[[emulate:no_usage]] {TEXT}", tenant=tenant)
    send(clock)
    fetch(clock)
    day = clock.today
    clock.on(24)
    found = compare(clock, day)
    assert found.verdict == "differs"
    assert "Charges that are estimates, for their answers came without usage: 1." in found.notes
    line = found.lines.get(kind="input_tokens")
    # An estimate is rather too high than too low, and never far off.
    assert line.theirs is not None
    assert 0.5 < line.theirs / line.ours < 2


def test_while_the_day_goes_on_a_difference_is_open(clock: Clock, tenant: Tenant) -> None:
    queue(clock, tenant=tenant)
    batch = send(clock)
    found = compare(clock, clock.today)
    assert (found.verdict, found.is_final) == ("open", False)
    assert verdicts(found) == {"open"}
    assert any("the day was not over" in note for note in found.notes)
    remote_id = batch.remote_id
    assert any(f"({remote_id})" in note and "once it is settled" in note for note in found.notes)
    fetch(clock)
    found = compare(clock, clock.today)
    assert (found.verdict, found.is_final) == ("agrees", False)


def test_a_batch_that_is_not_settled_keeps_its_day_open_for_a_day(
    clock: Clock, tenant: Tenant
) -> None:
    queue(clock, tenant=tenant)
    send(clock)
    day = clock.today
    clock.on(20)
    assert compare(clock, day).verdict == "open"
    clock.on(24)
    found = compare(clock, day)
    assert (found.verdict, found.is_final) == ("differs", True)
    assert "once it is settled" in found.notes[0]


def test_doubles_doubts_and_strangers_are_named(
    clock: Clock, tenant: Tenant, emulator: Emulator
) -> None:
    batch = make_batch("settled", submitted_at=clock.now, ended_at=clock.now, succeeded=3)
    Submission.objects.filter(batch=batch).update(sent_at=clock.now)
    doubles = [
        make_submission(batch, "released", sent_at=clock.now, requests=7),
        make_submission(batch, "duplicate", sent_at=clock.now),
        make_submission(
            batch,
            "duplicate",
            sent_at=clock.now,
            ended_at=clock.now,
            succeeded=2,
            cost_usd=Decimal("0.25"),
        ),
    ]
    JobAttempt.objects.create(
        job=make_job(tenant),
        number=1,
        route="sync",
        error_type="in_doubt",
        message="",
        ended_at=clock.now,
    )
    with stranger(emulator) as client:
        client.messages.create(**make_params())
    day = clock.today
    clock.on(24)
    notes = " ".join(compare(clock, day).notes)
    for words in (
        f"Batch {batch.pk} ({batch.remote_id}): 3 of 3 answers are not charged here.",
        f"Submission {doubles[0].nonce} of batch {batch.pk} was given up as lost",
        f"{doubles[1].remote_id} doubles batch {batch.pk}, and has not ended yet.",
        f"{doubles[2].remote_id} doubles batch {batch.pk}: 2 answers for $0.2500",
        "Direct calls that ended in doubt, and may have been billed: 1.",
    ):
        assert words in notes


def test_only_our_workspace_counts_where_the_organization_has_others(
    clock: Clock, tenant: Tenant, emulator: Emulator, settings: Any
) -> None:
    work(clock, tenant)
    with stranger(emulator, "a key of another workspace") as client:
        client.messages.create(**make_params())
    page = gateway.organization_report(
        reports.USAGE,
        [("starting_at", f"{clock.today}T00:00:00Z"), ("group_by[]", "workspace_id")],
    )
    rows = page["data"][0]["results"]
    ours = max(rows, key=lambda row: row["output_tokens"])["workspace_id"]
    day = clock.today
    clock.on(24)
    assert compare(clock, day).verdict == "differs"
    settings.ANTHROPIC_WORKSPACE_ID = ours
    assert compare(clock, day).verdict == "agrees"


def test_a_day_that_is_checked_again_takes_the_place_of_the_first(
    clock: Clock, tenant: Tenant
) -> None:
    work(clock, tenant)
    first = compare(clock, clock.today)
    again = compare(clock, clock.today)
    assert Reconciliation.objects.get() == again != first
    assert set(ReconciledLine.objects.values_list("reconciliation", flat=True)) == {again.pk}


def test_each_hour_checks_the_days_that_are_not_done(
    clock: Clock, tenant: Tenant, settings: Any
) -> None:
    work(clock, tenant)
    day = clock.today
    clock.set((clock.now + DAY).replace(hour=0, minute=30))
    # Yesterday is over for half an hour: it may not be reported yet.
    assert check.due_days(clock.now) == [day - n * DAY for n in (5, 4, 3, 2, 1)]
    clock.on(1)
    assert check.run(clock.now) == 5
    assert list(Reconciliation.objects.order_by("day").values_list("day", "verdict")) == [
        (day - n * DAY, "agrees") for n in (4, 3, 2, 1, 0)
    ]
    assert check.run(clock.now) == 0
    clock.on(24)
    assert check.run(clock.now) == 1
    settings.ANTHROPIC_ADMIN_KEY = ""
    clock.on(24)
    assert check.run(clock.now) == 0


def test_a_report_that_is_not_to_be_had_is_asked_for_again(
    clock: Clock, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.order("cost_report", "status", status=500)
    assert check.run(clock.now) == 0
    assert "was not to be had" in caplog.text
    assert not Reconciliation.objects.exists()
    assert check.run(clock.now) == 5
