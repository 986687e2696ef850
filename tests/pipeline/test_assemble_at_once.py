"""Two workers at once never claim the same job."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

from aijobs.models import AIJob, Batch
from aijobs.pipeline import accept, assemble
from tests.factories import NOW, make_tenant
from tests.pipeline.steps import DUE

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 4


def is_more(assemble_one: Callable[[datetime], Batch | None]) -> bool:
    """Whether there was work, in spite of a deadlock.

    A batch that is filled by several claims takes the turns of its tenants claim by claim. Without
    the lock two may wait for each other; PostgreSQL ends one of them, which has claimed nothing.
    """
    while True:
        try:
            return assemble_one(DUE) is not None
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise


def test_two_workers_never_claim_the_same_job(settings: Any) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 50
    item = {"document_text": "Hail is covered."}
    for _ in range(3):
        accept.accept_collection(
            make_tenant(), "c", "summarize", enumerate([item] * 200, 1), now=NOW, created_by="ann"
        )
    together = Barrier(WORKERS)

    def work(_: int) -> int:
        batches = 0
        try:
            together.wait()
            # Without the lock of `run`: it spares work, the claim alone must be right.
            while is_more(assemble.assemble_one):
                batches += 1
        finally:
            connection.close()
        return batches

    with ThreadPoolExecutor(WORKERS) as workers:
        made = sum(workers.map(work, range(WORKERS)))

    assert Batch.objects.count() == made
    assert set(AIJob.objects.values_list("status", "attempts")) == {("submitted", 1)}
    for batch in Batch.objects.all():
        assert 0 < AIJob.objects.filter(batch=batch).count() == batch.requests <= 50


def test_while_one_assembles_another_does_not_begin() -> None:
    accept.accept_collection(
        make_tenant(),
        "c",
        "summarize",
        enumerate([{"document_text": "Hail is covered."}] * 300, 1),
        now=NOW,
        created_by="ann",
    )
    together = Barrier(WORKERS)

    def work(_: int) -> int:
        try:
            together.wait()
            return assemble.run(DUE)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as workers:
        assert sum(workers.map(work, range(WORKERS))) == 1
    assert Batch.objects.get().requests == 300
