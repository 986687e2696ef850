"""A job's whole life: documents a second, and what PostgreSQL does and writes for each."""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from aijobs import gateway
from aijobs.models import AIJob, Batch, Submission, new_nonce
from aijobs.outcomes import endings
from aijobs.outcomes.answers import Billed, Success
from aijobs.outcomes.endings import Road
from aijobs.pipeline import accept, assemble, dispatch, poll, settle
from aijobs.postgres.copying import read_rows
from aijobs.pricing import Usage
from aijobs.submissions import moves
from tests.benchmarks import bulk, material, peers
from tests.benchmarks.bench import Bench, Way
from tests.benchmarks.report import Row, measurement
from tests.factories import make_tenant


@measurement("end to end", aim="≥5,000 documents/s")
def from_end_to_end(bench: Bench) -> Iterator[Row]:
    """Queued, sent, answered and stored; the time in which only the emulator works is left out."""
    texts = bench.var / "texts"
    bench.apart(lambda: _write_texts(bench, texts))
    run = bench.once(Way(lambda: _live(bench, texts), before=_begin))
    seconds, wal = run.value
    rate = bench.n / seconds
    quickest, *others = peers.race(bench)
    yield Row(
        "end to end",
        f"{rate:,.0f} documents/s",
        floor="jobs that do nothing, queued and drained a second: "
        + ", ".join(map(str, [quickest, *others])),
        ratio=f"{rate / quickest.both:.1f}× {quickest.name}, both ways",
        holds=rate >= 5_000,
        peak_bytes=run.peak_bytes,
    )
    yield Row(
        "write-ahead log of a job",
        f"{wal / bench.n / 1e3:.1f} KB",
        floor="split tables without counts and ledger 4.6 KB",
        holds=wal <= 5_000 * bench.n,
        aim="≤5 KB",
        why="3.6 KB are the document and its result. Fifteen entries of indexes take 1.2 KB, the "
        "most of it for lists and the ledger.",
    )


def _begin() -> None:
    gateway.newest_batch_id()
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def _write_texts(bench: Bench, texts: Path) -> None:
    with texts.open("wb") as file:
        for text in material.documents(bench.random, bench.n):
            file.write(orjson.dumps({"document_text": text, "max_length": 180}) + b"\n")


def _live(bench: Bench, texts: Path) -> tuple[float, int]:
    """Seconds of ours, and bytes of write-ahead log."""
    before, began = _wal_position(), time.perf_counter()
    tenant = make_tenant()
    with texts.open("rb") as lines:
        for _ in range(0, bench.n, settings.AIJOBS_COLLECTION_ITEMS):
            items = map(orjson.loads, islice(lines, settings.AIJOBS_COLLECTION_ITEMS))
            accept.accept_collection(
                tenant,
                "bench",
                "summarize",
                enumerate(items, 1),
                now=timezone.now(),
                created_by="ann",
            )
    while assemble.assemble_one(timezone.now()):
        pass
    dispatch.run(timezone.now(), timezone.now)
    idle = _await_answers()
    settle.run(timezone.now())
    seconds = time.perf_counter() - began - idle
    assert AIJob.objects.filter(status="completed").count() == bench.n
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", [before])
        return seconds, int(cursor.fetchone()[0])


def _await_answers() -> float:
    """Poll until every batch has ended; the seconds that took."""
    began = time.perf_counter()
    while Batch.objects.filter(status__in=Batch.REMOTE).exists():
        poll.run(timezone.now())
        time.sleep(0.05)
    return time.perf_counter() - began


def _wal_position() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn()")
        return str(cursor.fetchone()[0])


@measurement("database work", aim="≥11,000 jobs/s")
def database_work(bench: Bench) -> Iterator[Row]:
    """The same statements over rows that are made before: no parsing, no HTTP."""
    rows, outcomes = bench.var / "born", bench.var / "outcomes"
    bench.apart(lambda: material.queue(bench))
    bulk.write_rows(rows)
    outcomes.mkdir()
    parts: dict[str, float] = {}
    for part, work in (
        ("enqueue", Way(lambda: _enqueue(rows), before=_unqueue)),
        ("claim", Way(_claim)),
        ("fetch", Way(_fetch)),
        ("store", Way(lambda: _store(outcomes), before=lambda: _submit(bench, outcomes))),
    ):
        parts[part] = bench.once(work).seconds
    later = bench.n / (parts["claim"] + parts["fetch"] + parts["store"])
    whole = bench.n / sum(parts.values())
    shares = ", ".join(f"{part} {took / bench.n * 1e6:.0f} µs" for part, took in parts.items())
    yield Row(
        "database work, whole life",
        f"{whole:,.0f} jobs/s",
        ratio=shares,
        holds=whole >= 11_000,
    )
    yield Row(
        "database work, claim + fetch + store",
        f"{later:,.0f} jobs/s",
        floor="graphile-worker, which keeps no history, 34,100",
        ratio=f"{later / 34_100:.0%}",
        holds=later >= 34_000,
        aim="≥34,000 jobs/s",
        why="Nothing is deleted here: each job leaves a result of 1.5 KB, a charge with its four "
        "indexes, and counts. The charge alone takes a third of the time of storing.",
    )


ANSWER = "".join(f"The policy settles clause {number}. " for number in range(60))[:1_500]
BILLED = Billed("claude-haiku-5-5", "end_turn", Usage(900, 400))


def _unqueue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE aijobs_aijob, aijobs_jobinput, aijobs_statuscounter CASCADE")
        cursor.execute("CHECKPOINT")


@transaction.atomic
def _enqueue(rows: Path) -> None:
    bulk.copy(rows, prefix="")


def _claim() -> None:
    while assemble.assemble_one(timezone.now()):
        pass


def _fetch() -> None:
    for batch in Batch.objects.all():
        for _ in read_rows(dispatch.ROWS, [batch.pk]):
            pass


def _submit(bench: Bench, outcomes: Path) -> None:
    """Say that all was sent, and in which order the results of each batch come."""
    for batch in Batch.objects.all():
        now = timezone.now()
        submission = moves.store_intent(
            batch, new_nonce(), watermark="", requests=batch.requests, request_bytes=1, now=now
        )
        assert submission
        moves.confirm(submission, f"bench-{batch.pk}", now, now)
        keys = [key.hex for key in AIJob.objects.filter(batch=batch).values_list("pk", flat=True)]
        bench.random.shuffle(keys)
        (outcomes / str(batch.pk)).write_text("\n".join(keys))


def _store(outcomes: Path) -> None:
    success = Success({"summary": ANSWER}, BILLED)
    for submission in Submission.objects.select_related("batch"):
        batch, road = submission.batch, Road.of_batch(submission)
        keys = iter((outcomes / str(batch.pk)).read_text().split("\n"))
        while chunk := list(islice(keys, settle.CHUNK_ROWS)):
            with transaction.atomic():
                jobs = endings.lock_jobs(chunk, status="submitted", batch=batch)
                rows = ((job, success) for job in jobs.values())
                endings.store(rows, road, now=timezone.now())
