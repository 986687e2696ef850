"""The word of an answer is stored with it, on every road; older answers get theirs from sweep."""

import pytest
from django.db import connection

from aijobs.models import AIJob, JobOutput, ids_from
from aijobs.pipeline import _words, accept, expedite, share, sweep
from tests.factories import CATEGORIES, NOW, make_job, make_output, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import DUE, MINUTE, at, bring_back, queue_classification, send
from tests.reading.rows import make_collection

pytestmark = pytest.mark.django_db


def assert_words_stand() -> None:
    """Each answer has the word that its job type tells, and the collection of its job."""
    outputs = list(JobOutput.objects.select_related("job"))
    assert outputs
    for output in outputs:
        assert output.word == output.job.kind.word(output.result)
        assert output.word or output.job.job_type == "summarize"
        assert output.collection_id == output.job.collection_id


def test_who_settles_and_who_shares_store_it(emulator: Emulator) -> None:
    tenant = make_tenant(repeat_days=30)
    texts = ["A letter about hail.", "A letter about fire.", "A letter about hail."]
    given = [(n, {"text": text, "categories": CATEGORIES}) for n, text in enumerate(texts, 1)]
    made = accept.accept_collection(tenant, "Post", "classify", given, now=NOW, created_by="ann")
    bring_back(send(), emulator)
    share.run(DUE + MINUTE)
    assert AIJob.objects.exclude(answered_by=None).count() == 1
    assert JobOutput.objects.filter(collection_id=made.collection.pk).count() == 3
    # And who is answered at once, as the same was asked before.
    again = accept.accept_collection(tenant, "Post", "classify", given, now=DUE, created_by="ann")
    assert again.collection.counts()["completed"] == 3
    assert_words_stand()


@pytest.mark.usefixtures("emulator")
def test_a_direct_call_stores_it() -> None:
    job = queue_classification("A letter about hail.")
    AIJob.objects.filter(pk=job.pk).update(route="sync", needed_by=NOW)
    expedite.run(NOW, at(NOW))
    assert AIJob.objects.get().status == "completed"
    assert_words_stand()


def old_answers(count: int) -> None:
    tenant = make_tenant()
    collection = make_collection(tenant, job_type="classify")
    for number, key in zip(range(count), ids_from(NOW), strict=False):
        of = collection if number % 2 else None
        kind = "summarize" if number % 3 == 0 and not of else "classify"
        job = make_job(tenant, kind, id=key, collection=of, status="completed", finished_at=NOW)
        result = {"category": f"C{number}"} if kind == "classify" else None
        make_output(job, result, has_word=False)


def test_sweep_gives_words_to_older_answers_the_newest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old_answers(7)
    monkeypatch.setattr(_words, "PIECE_ROWS", 2)
    monkeypatch.setattr(_words, "MOST_PIECES", 2)
    assert _words.fill(NOW) == 4
    rest = JobOutput.objects.filter(word=None).values_list("pk", flat=True)
    assert sorted(rest) == sorted(JobOutput.objects.values_list("pk", flat=True))[:3]
    sweep.run(DUE)
    assert_words_stand()
    assert _words.fill(NOW) == 0


def test_what_has_a_word_is_found_without_reading_an_answer() -> None:
    old_answers(4)
    _words.fill(NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT job_id FROM aijobs_joboutput WHERE word IS NULL"
            " ORDER BY job_id DESC LIMIT 1"
        )
        assert "output_without_word" in str(cursor.fetchall())
