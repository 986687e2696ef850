"""Results are stored when they add up, each once, and not before."""

from collections import Counter
from itertools import islice
from tempfile import TemporaryFile
from typing import Any

import pytest

from aijobs import gateway
from aijobs.models import AIJob, Batch, JobOutput, LedgerEntry
from aijobs.pipeline import accept, dispatch, poll, settle
from aijobs.submissions.results import lines
from tests.factories import make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    MINUTE,
    assert_books_agree,
    at,
    await_end,
    bring_back,
    keep_going,
    put_together,
    queue,
    send,
    submission_of,
)

pytestmark = pytest.mark.django_db

NOW = DUE + MINUTE
DOCUMENTS = [f"Policy {number} covers hail." for number in range(6)]


def assert_nothing_is_stored() -> None:
    assert not JobOutput.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert set(AIJob.objects.values_list("status", flat=True)) == {"submitted"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"fault": "cut", "rows": 3}, "No answer"),
        ({"fault": "cut", "rows": 0}, "No answer"),
        ({"fault": "half_line", "rows": 3}, "row 4 is broken"),
        ({"fault": "missing", "rows": 2}, "2 of 6 rows are missing"),
        ({"fault": "missing", "rows": 6}, "6 of 6 rows are missing"),
        ({"fault": "duplicate"}, "row 7 is there twice"),
        ({"fault": "foreign"}, "row 7 belongs to no job"),
        ({"fault": "html"}, "row 1 is broken"),
        ({"fault": "drop"}, "No answer"),
        ({"fault": "status", "status": 404}, "Not settled yet"),
        ({"fault": "status", "status": 429}, "429"),
        ({"fault": "status", "status": 529}, "529"),
    ],
)
def test_results_that_do_not_add_up_are_not_stored(
    emulator: Emulator, fault: dict[str, Any], said: str
) -> None:
    queue(*DOCUMENTS)
    batch = await_end(send(), emulator)
    emulator.order("results", **fault)
    assert settle.run(NOW) == 0
    batch.refresh_from_db()
    assert (batch.status, batch.attempts) == ("ended", 1)
    assert said in batch.note
    assert_nothing_is_stored()
    # A pause first, then once more.
    assert not settle.due(NOW)
    keep_going(NOW + MINUTE)
    assert AIJob.objects.filter(status="completed").count() == 6
    assert_books_agree(emulator)


def test_the_pauses_grow_up_to_half_an_hour(emulator: Emulator) -> None:
    queue()
    batch = await_end(send(), emulator)
    emulator.order("results", "drop", times=0)
    pauses, now = [], NOW
    for _ in range(12):
        assert settle.run(now) == 0
        batch.refresh_from_db()
        assert batch.retry_at
        pauses.append(batch.retry_at - now)
        now = batch.retry_at
    assert pauses == sorted(pauses)
    assert pauses[-1] == MINUTE * 30


def test_counts_that_contradict_the_rows_are_not_believed(emulator: Emulator) -> None:
    queue(*DOCUMENTS)
    batch = await_end(send(), emulator)
    Batch.objects.update(succeeded=5, errored=1)
    assert settle.run(NOW) == 0
    batch.refresh_from_db()
    assert "rows by kind" in batch.note
    assert_nothing_is_stored()


def test_settling_twice_changes_nothing(emulator: Emulator) -> None:
    queue(*DOCUMENTS)
    bring_back(send(), emulator)
    outputs, charges = list(JobOutput.objects.values()), list(LedgerEntry.objects.values())
    assert settle.run(NOW + MINUTE) == 0
    Batch.objects.update(status="ended")
    assert settle.run(NOW + MINUTE) == 1
    assert list(JobOutput.objects.values()) == outputs
    assert list(LedgerEntry.objects.values()) == charges


def test_settling_goes_on_where_it_broke_off(emulator: Emulator) -> None:
    queue(f"{DOCUMENTS[0]} [[emulate:errored:api_error*1]]", *DOCUMENTS[1:])
    batch = await_end(send(), emulator)
    # The first chunk was stored, then the worker died.
    submission = submission_of(batch)
    assert submission.remote_id
    with TemporaryFile() as results:
        gateway.download_results(submission.remote_id, results)
        rows = zip(settle.check(submission, results), lines(results), strict=True)
        settle.store(submission, dict(islice(rows, 4)), NOW, Counter())
    assert AIJob.objects.filter(status="submitted").count() == 2
    assert settle.run(NOW) == 1
    keep_going(NOW + MINUTE)
    assert_books_agree(emulator)


def test_jobs_that_left_the_batch_are_not_touched(emulator: Emulator) -> None:
    """A settled job that was queued again belongs to its new attempt."""
    queue(*DOCUMENTS[:2], f"{DOCUMENTS[2]} [[emulate:expired*1]]")
    batch = bring_back(send(), emulator)
    again = AIJob.objects.get(status="queued")
    Batch.objects.filter(pk=batch.pk).update(status="ended")
    assert settle.run(NOW + MINUTE) == 1
    again.refresh_from_db()
    assert (again.status, again.attempts) == ("queued", 1)


def test_a_batch_that_cannot_be_settled_does_not_stop_the_others(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    [broken] = queue("a secret document")
    first = put_together()
    queue(DOCUMENTS[1])
    second = put_together()
    assert dispatch.run(DUE, at(DUE)) == 2
    assert poll.run(NOW) == 2
    AIJob.objects.filter(pk=broken.pk).update(job_type="translate")
    assert settle.run(NOW) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == ("ended", "settled")
    assert "UnknownJobType" in first.note
    assert "secret" not in caplog.text + first.note
    AIJob.objects.filter(pk=broken.pk).update(job_type="summarize")
    keep_going(NOW + MINUTE * 6)
    assert_books_agree(emulator)


def test_hard_text_comes_back_unharmed(emulator: Emulator) -> None:
    hard = "Line one\u2028 covers hail\u2029 👩‍👩‍👧 \u202eعربي and ends here."
    queue(hard)
    bring_back(send(), emulator)
    assert AIJob.objects.get().output.result["summary"].count("\u2028") == 1


def test_a_batch_of_more_rows_than_one_chunk_is_settled_whole(emulator: Emulator) -> None:
    item = {"document_text": "Hail is covered."}
    rows = settle.CHUNK_ROWS + 1
    accept.accept_collection(
        make_tenant(), "c", "summarize", enumerate([item] * rows, 1), now=DUE, created_by="ann"
    )
    # It takes the emulator a moment to write so many answers.
    keep_going(NOW)
    batch = Batch.objects.get()
    assert (batch.status, batch.succeeded) == ("settled", rows)
    assert_books_agree(emulator)
