"""settle: fetch the results of ended batches, and store one result and one charge a job.

First everything is downloaded and counted. Only when each custom_id of the batch is there
exactly once, and the kinds of result are as many as Anthropic said, is anything stored. Storing
goes in chunks, each one transaction; a job is stored only while it still is in the batch, so a
second run, after a crash or beside the first, finds nothing left to do.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import Q

from aijobs import gateway
from aijobs.models import AIJob, Batch, JobAttempt
from aijobs.pipeline import _answers, _endings
from aijobs.pipeline._isolation import isolated
from aijobs.pipeline._locks import exclusive
from aijobs.pipeline._steps import Step, reached

logger = logging.getLogger(__name__)

CHUNK_ROWS = 5_000
CHUNK_BYTES = 16_000_000
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=30)


class ResultsDontAddUp(Exception):
    """The results are not one row for each request of the batch. Says what is wrong."""


def ready(now: datetime) -> list[Batch]:
    """Ended batches whose pause is over, oldest first."""
    return list(
        Batch.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), status="ended").order_by("pk")
    )


def due(now: datetime) -> bool:
    return bool(ready(now))


def run(now: datetime) -> int:
    """Settle what has ended; returns how many batches."""
    settled = 0
    for batch in ready(now):
        with exclusive(f"settle {batch.pk}") as mine:
            if mine:
                with isolated(batch, now):
                    settled += settle(batch, now)
    return settled


def settle(batch: Batch, now: datetime) -> bool:
    """Settle one batch; False when its results could not be had or don't add up yet."""
    assert batch.remote_id is not None
    with TemporaryFile() as results:
        try:
            gateway.download_results(batch.remote_id, results)
            reached(Step.SETTLE_DOWNLOADED)
            check(batch, results)
            reached(Step.SETTLE_CHECKED)
        except (gateway.GatewayError, ResultsDontAddUp) as error:
            pause = min(FIRST_PAUSE * 2.0 ** min(batch.attempts, 10), LONGEST_PAUSE)
            batch.put_off(now + pause, f"Not settled yet: {error}")
            logger.warning("Batch %s is not settled yet: %s", batch.pk, error)
            return False
        counts: Counter[str] = Counter()
        for chunk in _chunks(results):
            counts += store(batch, chunk, now)
            reached(Step.SETTLE_COMMITTED)
    if not batch.mark_settled(now):
        return False  # Nothing moved: another worker was quicker.
    reached(Step.SETTLE_SETTLED)
    logger.info("Batch %s settled: %s", batch.pk, dict(counts))
    return True


def check(batch: Batch, results: IO[bytes]) -> None:
    """Account for every custom_id of the batch exactly once, and for every kind of result.

    Raises ResultsDontAddUp.
    """
    expected = {batch.custom_id(job_id) for job_id in _job_ids(batch)}
    seen: set[str] = set()
    kinds: Counter[str] = Counter()
    for number, line in enumerate(_lines(results), 1):
        try:
            row = loads(line)
            custom_id = str(row["custom_id"])
            kinds[row["result"]["type"]] += 1
        except (ValueError, LookupError, TypeError):
            raise ResultsDontAddUp(f"row {number} is broken") from None
        if custom_id not in expected:
            raise ResultsDontAddUp(f"row {number} belongs to no job of the batch")
        if custom_id in seen:
            raise ResultsDontAddUp(f"row {number} is there twice")
        seen.add(custom_id)
    if len(seen) != len(expected):
        raise ResultsDontAddUp(f"{len(expected) - len(seen)} of {len(expected)} rows are missing")
    said = {kind: getattr(batch, kind) for kind in ("succeeded", "errored", "canceled", "expired")}
    if any(kinds[kind] != said[kind] for kind in said):
        raise ResultsDontAddUp(f"rows by kind are {dict(kinds)}, and should be {said}")


@transaction.atomic
def store(batch: Batch, rows: list[dict[str, Any]], now: datetime) -> Counter[str]:
    """Store result rows whose jobs still are in the batch; returns jobs by new status."""
    results = {UUID(row["custom_id"].partition("-")[2]): row["result"] for row in rows}
    jobs = _endings.lock_jobs(list(results), status=AIJob.Status.SUBMITTED, batch=batch)
    reached(Step.SETTLE_LOCKED)
    counts = _endings.store(
        ((job, _answers.of_row(job.job_type, job.given, results[job.id])) for job in jobs.values()),
        batch=batch,
        now=now,
    )
    reached(Step.SETTLE_STORED)
    return counts


def _job_ids(batch: Batch) -> set[UUID]:
    """The jobs it was sent with: those still in it, and those that left it with a failure."""
    inside = AIJob.objects.filter(batch=batch).values_list("pk", flat=True)
    failed = JobAttempt.objects.filter(batch=batch).values_list("job_id", flat=True)
    return {*inside.iterator(), *failed.iterator()}


def loads(line: bytes) -> Any:
    """One row. orjson refuses a lone surrogate, which a cut-off answer may end in."""
    try:
        return orjson.loads(line)
    except ValueError:
        return json.loads(line)


def _lines(results: IO[bytes]) -> Iterator[bytes]:
    """Rows are split at newlines alone: text may hold U+2028 and its like."""
    results.seek(0)
    return (line for line in results if not line.isspace())


def _chunks(results: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    size = 0
    for line in _lines(results):
        chunk.append(loads(line))
        size += len(line)
        if len(chunk) == CHUNK_ROWS or size > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
