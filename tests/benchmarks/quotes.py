"""How far quotes are off: licence texts quoted, run by the real stages, charged by the emulator."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Sum
from django.test import override_settings
from django.utils import timezone

from aijobs import jobtypes
from aijobs.management.commands.demo import licences
from aijobs.models import AIJob, Batch, LedgerEntry, TokenRatio
from aijobs.pipeline import accept, assemble, dispatch, poll, settle
from aijobs.quotes import ratios
from aijobs.quotes.bill import Cost
from aijobs.quotes.terms import Terms
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Row, measurement
from tests.factories import make_tenant

DOCUMENTS = 500
LEAST_CHARS, MOST_CHARS = 300, 12_000
OPTIONS: dict[str, dict[str, Any]] = {
    "summarize": {"max_length": 200},
    "classify": {"categories": ["permissive", "copyleft", "proprietary", "other"]},
    "analyze": {},
}
Rows = list[tuple[int, dict[str, Any]]]


@measurement("quotes", aim="within 10 % once it has learned")
def of_quotes(bench: Bench) -> Iterator[Row]:
    """Of each job type twice: by the prior alone, then by what the first half was charged."""
    with override_settings(AIJOBS_CACHE=False):
        for job_type, options in OPTIONS.items():
            documents = _documents(bench, min(bench.n, DOCUMENTS))
            half = len(documents) // 2
            first = _off(job_type, options, documents[:half])
            TokenRatio.objects.all().delete()
            ratios.learn(timezone.now())
            quote, charged = _off(job_type, options, documents[half:])
            error = float(charged / quote.likely) - 1
            yield Row(
                f"quote: {job_type}, {len(documents) - half} licences",
                f"${quote.low:.4f}–${quote.high:.4f}, likely ${quote.likely:.4f}",
                naive=f"by the prior {float(first[1] / first[0].likely) - 1:+.0%}",
                floor=f"charged ${charged:.4f}",
                ratio=f"{error:+.0%}",
                holds=abs(error) <= 0.1 and quote.low <= charged <= quote.high,
            )


def _documents(bench: Bench, count: int) -> Rows:
    """Parts of licence texts, no two alike, drawn at random."""
    texts = [document.text for document in licences() if len(document.text) >= LEAST_CHARS]
    rows: Rows = []
    for number in range(1, count + 1):
        text = bench.random.choice(texts)
        start = bench.random.randrange(len(text) - LEAST_CHARS + 1)
        length = bench.random.randint(LEAST_CHARS, MOST_CHARS)
        rows.append((number, {"document_text": f"{number}. {text[start : start + length]}"}))
    return rows


def _off(job_type: str, options: dict[str, Any], rows: Sequence[Any]) -> tuple[Cost, Any]:
    """The quote of these rows, and what they were charged."""
    ratios.forget()
    tenant = make_tenant()
    terms = Terms(tenant, jobtypes.get(job_type), timezone.now())
    good = accept.examine(terms, rows, defaults=options, refused=_refuse)
    bill = accept.bill_of(terms, (one.asked for one in good), is_collection=True)
    collection = accept.accept_collection(
        tenant, "quoted", job_type, rows, now=timezone.now(), created_by="bench",
        defaults=options,
    ).collection  # fmt: skip
    while assemble.assemble_one(timezone.now()):
        pass
    dispatch.run(timezone.now(), timezone.now)
    while Batch.objects.filter(status__in=Batch.REMOTE).exists():
        poll.run(timezone.now())
    settle.run(timezone.now())
    jobs = AIJob.objects.filter(collection=collection)
    charges = LedgerEntry.objects.filter(job_id__in=jobs.values("pk"))
    return bill.batch, charges.aggregate(total=Sum("cost_usd"))["total"]


def _refuse(row: int, errors: object) -> None:
    raise AssertionError(f"Row {row}: {errors}")
