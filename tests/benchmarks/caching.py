"""What 500 documents cost that share the beginning of their prompts: by the emulator's usage."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from aijobs import pricing
from aijobs.models import AIJob, Batch, Collection, LedgerEntry, Seeding
from aijobs.outcomes.charges import usage_of
from aijobs.pipeline import accept, assemble, dispatch, poll, seed, settle
from aijobs.reading import collections
from tests.benchmarks import material
from tests.benchmarks.bench import Bench
from tests.benchmarks.report import Row, measurement
from tests.factories import make_tenant

DOCUMENTS = 500
QUESTIONS = [
    f"Under which conditions does clause number {n} exclude hail? " + "And what of fire? " * 24
    for n in range(1, 21)
]
DOCUMENT_CHARS = 40_000

Items = list[dict[str, Any]]


@measurement("caching", aim="≤50 % of the input without a cache")
def of_what_jobs_share(bench: Bench) -> Iterator[Row]:
    """A collection whose first job goes first, the same without a cache, and all writing it."""
    count = min(bench.n, DOCUMENTS)
    texts = list(material.documents(bench.random, count))
    shared = " ".join(material.documents(bench.random, 1 + DOCUMENT_CHARS // 2_000))
    questions = {"questions": QUESTIONS}
    yield _row(
        bench,
        f"{count} documents, 20 questions",
        [{"document_text": one} for one in texts],
        questions,
    )
    yield _row(
        bench,
        f"one document, {count} questions",
        [{"questions": [f"What does clause {n} say?"]} for n in range(count)],
        {"document_text": shared[:DOCUMENT_CHARS]},
    )


def _row(bench: Bench, what: str, items: Items, defaults: dict[str, Any]) -> Row:
    with override_settings(AIJOBS_CACHE_CENTS=0):
        seeded = _cost(bench, items, defaults)
        told = collections.detail(seeded.tenant, seeded.pk, now=timezone.now()).caching
        first, ours = _spent(seeded)
        blind = _cost(bench, items, defaults, before=_say_that_it_is_cached)
        _, naive = _spent(blind)
    with override_settings(AIJOBS_CACHE=False):
        plain, floor = _spent(_cost(bench, items, defaults))
    assert told
    return Row(
        f"input of {what}",
        f"${ours:.4f} ({_share(ours, floor)})",
        naive=f"breakpoints without a seed ${naive:.4f} ({_share(naive, floor)})",
        floor=f"no cache ${floor:.4f}",
        ratio=f"with the answers ${first:.4f} against ${plain:.4f}; foreseen ${told.predicted:.4f}"
        f", saved ${told.saved:.4f}",
        holds=2 * ours <= floor,
    )


def _share(cost: Decimal, of: Decimal) -> str:
    return f"{100 * cost / of:.0f} %"


def _cost(
    bench: Bench,
    items: Items,
    defaults: dict[str, Any],
    before: Callable[[], object] = lambda: None,
) -> Collection:
    """The collection, at its end."""
    bench.empty()
    bench.emulator.reset()
    collection = accept.accept_collection(
        make_tenant(),
        *("bench", "analyze", enumerate(items, 1)),
        now=timezone.now(),
        created_by="ann",
        defaults=defaults,
    ).collection
    before()
    ends = time.monotonic() + settings.AIJOBS_SEED_SECONDS
    while AIJob.objects.exclude(status__in=AIJob.FINAL).exists() and time.monotonic() < ends:
        while assemble.assemble_one(timezone.now()):
            pass
        dispatch.run(timezone.now(), timezone.now)
        while Batch.objects.filter(status__in=Batch.REMOTE).exists():
            poll.run(timezone.now())
            time.sleep(0.05)
        settle.run(timezone.now())
        seed.run(timezone.now())
    assert AIJob.objects.filter(status="completed").count() == len(items)
    return collection


def _say_that_it_is_cached() -> None:
    """All go at once, and each writes a cache of its own."""
    Seeding.objects.update(state="warm", warm_until=timezone.now() + timedelta(hours=1))
    AIJob.objects.all().let_go()


def _spent(collection: Collection) -> tuple[Decimal, Decimal]:
    """What it cost, and what of it is for the prompts."""
    whole = prompts = Decimal(0)
    for entry in LedgerEntry.objects.filter(tenant=collection.tenant):
        prompt = usage_of(entry)._replace(output_tokens=0)
        whole += entry.cost_usd
        prompts += pricing.charge(entry.model, prompt, batch=True, on=entry.priced_on).cost_usd
    return whole, prompts
