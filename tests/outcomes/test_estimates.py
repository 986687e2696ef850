"""An answer that does not say what was used is charged by an estimate, and says so."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from aijobs import tokens
from aijobs.models import AIJob, LedgerEntry
from aijobs.outcomes import charges
from aijobs.pipeline import accept, expedite
from aijobs.pricing import charge
from tests.factories import CATEGORIES, NOW, make_charge, make_job, make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import (
    DUE,
    TEXT,
    at,
    bring_back,
    queue,
    queue_classification,
    send,
)
from tests.proxy import Answer, Reply, between

pytestmark = pytest.mark.django_db

SILENT = f"[[emulate:no_usage]] {TEXT}"


def expected(job: AIJob, answer: str) -> tuple[int, int]:
    """Tokens in and out as our own estimate has them."""
    given = job.kind.load(job.input.options, [one.part for one in job.documents.all()])
    params = job.kind.params(given)
    return tokens.of_request(params, given.parts).tokens, tokens.of_text(answer)


def changing(change: Callable[[dict[str, Any]], object]) -> Reply:
    """Each message of a batch comes changed."""

    def reply(_: str, path: str, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if not path.endswith("/results"):
            return answer
        rows = [orjson.loads(line) for line in answer.body.splitlines()]
        for row in rows:
            change(row["result"]["message"])
        return answer._replace(body=b"".join(orjson.dumps(row) + b"\n" for row in rows))

    return reply


def test_in_a_batch_it_is_estimated_by_what_was_sent_and_answered(emulator: Emulator) -> None:
    silent, other = queue(SILENT, TEXT)
    batch = bring_back(send(), emulator)
    assert batch.status == "settled"
    silent.refresh_from_db()
    assert silent.status == "completed"
    entry = LedgerEntry.objects.get(job_id=silent.pk)
    assert entry.is_estimated
    assert (entry.input_tokens, entry.output_tokens) == expected(
        silent, silent.output.result["summary"]
    )
    assert entry.cost_usd > 0
    assert (
        entry.cost_usd
        == charge("claude-haiku-5-5", charges.usage_of(entry), batch=True, on=DUE.date()).cost_usd
    )
    assert not LedgerEntry.objects.get(job_id=other.pk).is_estimated


def test_at_once_it_is_estimated_as_well(emulator: Emulator) -> None:
    (job,) = queue(SILENT, needed_within=0)
    assert expedite.run(NOW, at(NOW)) == 1
    job.refresh_from_db()
    assert job.status == "completed"
    entry = LedgerEntry.objects.get()
    assert (entry.is_estimated, entry.route) == (True, "sync")
    assert (entry.input_tokens, entry.output_tokens) == expected(job, job.output.result["summary"])


def test_a_job_whose_answer_reads_the_document_again_is_estimated_too(emulator: Emulator) -> None:
    policy = {"policy_text": f"{SILENT} The insured must report a loss. {TEXT}"}
    job = accept.accept_job(make_tenant(), "analyze", policy, now=NOW, created_by="ann")
    classified = queue_classification(SILENT)
    bring_back(send(), emulator)
    assert dict(LedgerEntry.objects.values_list("job_id", "is_estimated")) == {
        job.pk: True,
        classified.pk: True,
    }
    assert not LedgerEntry.objects.filter(input_tokens__lt=50).exists()
    assert {*CATEGORIES} & {*AIJob.objects.get(pk=classified.pk).output.result.values()}


def test_a_refusal_without_usage_has_read_its_prompt_and_is_charged(
    emulator: Emulator, settings: Any
) -> None:
    (job,) = queue("[[emulate:refusal]]")
    batch = send()
    with between(settings, changing(lambda message: message.pop("usage"))):
        bring_back(batch, emulator)
    entry = LedgerEntry.objects.get()
    assert (entry.input_tokens, entry.output_tokens) == expected(job, "")
    assert entry.is_estimated
    assert entry.cost_usd > 0


@pytest.mark.parametrize("usage", [None, {}], ids=["null", "empty"])
def test_a_usage_that_says_nothing_is_none(
    emulator: Emulator, settings: Any, usage: object
) -> None:
    queue()
    batch = send()
    with between(settings, changing(lambda message: message.update(usage=usage))):
        bring_back(batch, emulator)
    assert LedgerEntry.objects.get(is_estimated=True).input_tokens > 0


def test_of_a_usage_with_half_of_it_the_other_half_is_estimated(
    emulator: Emulator, settings: Any
) -> None:
    (job,) = queue()
    batch = send()

    def half(message: dict[str, Any]) -> None:
        message["usage"] = {"output_tokens": 77, "cache_read_input_tokens": 5}

    with between(settings, changing(half)):
        bring_back(batch, emulator)
    entry = LedgerEntry.objects.get(is_estimated=True)
    prompt, _ = expected(job, "")
    assert (entry.output_tokens, entry.cache_read_tokens) == (77, 5)
    assert entry.input_tokens == prompt - 5


def test_a_price_that_comes_later_keeps_the_mark() -> None:
    job = make_job(make_tenant())
    entry = make_charge(job, "0", "0", priced_as="", is_estimated=True)
    assert charges.price_later(NOW) == 1
    correction = LedgerEntry.objects.get(corrects=entry)
    assert correction.is_estimated
    assert correction.cost_usd > 0
