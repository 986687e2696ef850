"""What is no longer needed goes, here and at Anthropic; the ledger stays."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs.models import (
    AIJob,
    Batch,
    Collection,
    JobAttempt,
    JobDocument,
    JobInput,
    JobOutput,
    LedgerEntry,
)
from aijobs.pipeline import _retention, accept, settle, sweep
from tests.factories import NOW, make_job, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    TEXT,
    await_end,
    bring_back,
    keep_going,
    queue,
    send,
    submission_of,
)
from tests.pipeline.strangers import send_into_doubt

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def statuses_at_anthropic(emulator: Emulator) -> dict[str, int]:
    batches: dict[str, int] = emulator.stats()["batches"]
    return batches


def test_anthropics_copy_is_deleted_when_the_results_have_long_been_safe(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 3
    queue()
    batch = bring_back(send(), emulator)
    sweep.run(DUE + DAY * 3)
    assert statuses_at_anthropic(emulator) == {"ended": 1}
    late = DUE + DAY * 3 + MINUTE * 2
    sweep.run(late)
    sweep.run(late)
    batch.refresh_from_db()
    assert statuses_at_anthropic(emulator) == {"deleted": 1}
    assert batch.remote_deleted_at == late
    assert emulator.stats()["calls"]["delete"] == 1


def test_what_is_not_settled_is_never_deleted(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 0
    queue()
    await_end(send(), emulator)
    sweep.run(DUE + DAY * 10)
    assert statuses_at_anthropic(emulator) == {"ended": 1}


def test_a_copy_that_may_not_be_deleted_keeps_no_other(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 0
    for text in ("one", "two"):
        queue(text)
        bring_back(send(), emulator)
    emulator.order("delete", "status", status=400)
    sweep.run(DUE + DAY)
    assert statuses_at_anthropic(emulator) == {"ended": 1, "deleted": 1}
    sweep.run(DUE + DAY)
    assert statuses_at_anthropic(emulator) == {"deleted": 2}


def test_a_part_of_sweep_that_fails_keeps_no_other_from_its_work(
    emulator: Emulator, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 0
    settings.AIJOBS_KEEP_JOBS_DAYS = 10**12  # More than any calendar has.
    queue()
    bring_back(send(), emulator)
    sweep.run(DUE + DAY)
    assert "Swept without prune: OverflowError" in caplog.text
    assert statuses_at_anthropic(emulator) == {"deleted": 1}


def test_the_watermark_of_a_batch_in_doubt_is_kept(emulator: Emulator, settings: Any) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 0
    queue()
    first = bring_back(send(), emulator)
    queue(now=DUE)
    doubtful = send_into_doubt(emulator, DUE + DAY, made=True)
    assert submission_of(doubtful).watermark == first.remote_id
    sweep.run(DUE + DAY)
    assert "deleted" not in statuses_at_anthropic(emulator)
    keep_going(DUE + DAY + MINUTE)
    sweep.run(DUE + DAY * 2)
    assert statuses_at_anthropic(emulator) == {"deleted": 2}


@pytest.mark.parametrize("fault", [{"fault": "drop"}, {"fault": "status", "status": 529}])
def test_a_deletion_in_vain_is_made_later(
    emulator: Emulator, settings: Any, fault: dict[str, Any]
) -> None:
    settings.AIJOBS_DELETE_REMOTE_DAYS = 0
    queue()
    batch = bring_back(send(), emulator)
    emulator.order("delete", when="after", **fault)
    for minute in (2, 3):
        sweep.run(DUE + MINUTE * minute)
    batch.refresh_from_db()
    assert batch.remote_deleted_at == DUE + MINUTE * 3
    assert emulator.stats()["calls"]["delete"] == 2


def test_jobs_are_kept_for_ever_unless_a_setting_says_otherwise(emulator: Emulator) -> None:
    queue()
    keep_going()
    sweep.run(DUE + DAY * 10_000)
    assert AIJob.objects.count() == 1


def test_old_jobs_go_with_all_that_belongs_to_them_and_their_charges_stay(
    emulator: Emulator, settings: Any
) -> None:
    settings.AIJOBS_KEEP_JOBS_DAYS = 30
    tenant = make_tenant()
    queue(f"{TEXT} [[emulate:expired*1]]", f"{TEXT} [[emulate:refusal]]", tenant=tenant)
    items = enumerate([{"document_text": "Hail."}], 1)
    accept.accept_collection(tenant, "Policies", "summarize", items, now=NOW, created_by="ann")
    keep_going()
    assert JobAttempt.objects.count() == 2
    charges = list(LedgerEntry.objects.values())
    ended = AIJob.objects.latest("finished_at").finished_at
    assert ended
    sweep.run(ended + DAY * 30 - DAY)
    assert AIJob.objects.count() == 3
    sweep.run(ended + DAY * 30 + MINUTE)
    for model in (AIJob, JobDocument, JobInput, JobOutput, JobAttempt, Collection):
        assert not model._default_manager.exists(), model
    assert list(LedgerEntry.objects.values()) == charges
    assert len(charges) == 3


def test_what_has_not_ended_is_kept_however_old(settings: Any) -> None:
    settings.AIJOBS_KEEP_JOBS_DAYS = 1
    job = make_job(make_tenant())
    old = make_job(job.tenant, status="failed", finished_at=NOW + DAY * 9)
    _retention.prune(NOW + DAY * 5)
    assert set(AIJob.objects.all()) == {job, old}


def test_a_batch_that_is_not_settled_keeps_its_jobs(emulator: Emulator, settings: Any) -> None:
    """Its results could not be accounted for without them."""
    settings.AIJOBS_KEEP_JOBS_DAYS = 1
    queue(f"{TEXT} [[emulate:refusal]]", f"{TEXT} [[emulate:expired*1]]")
    batch = bring_back(send(), emulator)
    keep_going(DUE + MINUTE * 2)
    Batch.objects.filter(pk=batch.pk).update(status="ended")
    late = DUE + DAY * 5
    _retention.prune(late)
    assert AIJob.objects.count() == 2
    assert settle.run(late) == 1
    _retention.prune(late)
    assert not AIJob.objects.exists()


def test_pruning_goes_in_pieces(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AIJOBS_KEEP_JOBS_DAYS = 1
    monkeypatch.setattr(_retention, "PIECE_ROWS", 2)
    monkeypatch.setattr(_retention, "MOST_PIECES", 2)
    tenant = make_tenant()
    for _ in range(5):
        make_job(tenant, status="failed", finished_at=NOW)
    assert _retention.prune(NOW + DAY * 2) == 4
    assert _retention.prune(NOW + DAY * 2) == 1


@pytest.mark.parametrize(("kept", "own", "lasts"), [(0, 10, 10), (30, 10, 10), (30, 90, 30)])
def test_a_tenant_may_have_its_own_deleted_earlier_and_not_later(
    settings: Any, kept: int, own: int, lasts: int
) -> None:
    settings.AIJOBS_KEEP_JOBS_DAYS = kept
    mine = make_job(make_tenant(keep_days=own), status="failed", finished_at=NOW)
    theirs = make_job(make_tenant(), status="failed", finished_at=NOW)
    assert _retention.prune(NOW + DAY * lasts - MINUTE) == 0
    _retention.prune(NOW + DAY * lasts + MINUTE)
    assert not AIJob.objects.filter(pk=mine.pk).exists()
    assert AIJob.objects.filter(pk=theirs.pk).exists() is (kept == 0 or lasts < kept)
