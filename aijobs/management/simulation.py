"""A day of arrivals, put into batches by the code that does so in earnest; nothing of it is kept.

It plays in temporary tables that have the names of the real ones. For its transaction PostgreSQL
looks for tables among them alone, so no statement can name a row that exists, no trigger is there
to tell anybody, and all of it is rolled back.
"""

import heapq
import logging
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Model
from django.utils.text import slugify

from aijobs.models import AIJob, Batch
from aijobs.pipeline import _shares, assemble, dispatch
from citizenapp.tenants.models import Tenant

Wait = TypeVar("Wait", int, timedelta)

START = datetime(2026, 1, 1, tzinfo=UTC)
# Batches that take as long as the median, or half or twice as long, are usual; none takes longer
# than a day.
SPREAD, LONGEST = 0.5, timedelta(days=1)

ARRIVE = """
INSERT INTO aijobs_aijob (id, tenant_id, job_type, status, route, attempts, max_tokens_factor,
                          request_bytes, created_at, not_before)
SELECT gen_random_uuid(), %s, 'summarize', 'queued', 'batch', 0, 1, %s, %s, %s
FROM generate_series(1, %s)
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """A tenant that comes so many times, with about so many jobs each time."""

    name: str
    jobs: int
    times: int = 1
    weight: int = 1

    def arrivals(self, random: Random, length: timedelta) -> Iterator[tuple[datetime, int]]:
        for _ in range(self.times):
            jobs = self.jobs if self.times == 1 else round(self.jobs * random.uniform(0.5, 1.5))
            yield START + length * random.random(), max(1, jobs)


@dataclass(frozen=True, slots=True)
class Course:
    """What a tenant got. Waits end when its jobs leave in a batch; the next batch is number 1."""

    name: str
    weight: int
    jobs: int
    share: float
    share_while_waiting: float | None
    """Of the places in batches that left jobs of its behind; None where none did."""
    median_batches: int
    longest_batches: int
    median_wait: timedelta
    longest_wait: timedelta


@dataclass(frozen=True, slots=True)
class Outcome:
    courses: Sequence[Course]
    batches: int
    most_slots: int
    """Requests that were at Anthropic at once."""
    end: timedelta
    """When the last batch left, from the beginning."""


def simulate(
    customers: Sequence[Customer],
    *,
    seed: int,
    length: timedelta,
    turnaround: timedelta,
    request_bytes: int,
) -> Outcome:
    """Draw the arrivals of `length`, and assemble and dispatch until all of them have left.

    `turnaround`: how long Anthropic works on a batch, at the median. The same arguments and
    settings have the same outcome.
    """
    random = Random(seed)  # noqa: S311  (nothing is kept secret by it)
    with _scratch():
        tenants = {
            Tenant.objects.create(
                name=one.name, slug=f"{slugify(one.name)}-{number}"[-50:], weight=one.weight
            ).pk: one
            for number, one in enumerate(customers)
        }
        arrivals = sorted(
            (moment, pk, jobs)
            for pk, one in tenants.items()
            for moment, jobs in one.arrivals(random, length)
        )
        most_slots = _play(arrivals, random, turnaround, request_bytes)
        return _outcome(tenants, most_slots)


@contextmanager
def _scratch() -> Iterator[None]:
    """Empty tables in place of all that the pipeline asks for, and nothing else in sight."""
    models: list[type[Model]] = [*apps.get_app_config("aijobs").get_models(), Tenant]
    disabled = logging.root.manager.disable
    logging.disable(max(disabled, logging.INFO))
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                for model in models:
                    table = connection.ops.quote_name(model._meta.db_table)
                    cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL)")
                cursor.execute("SET LOCAL search_path = pg_temp")
            yield
            transaction.set_rollback(True)
    finally:
        logging.disable(disabled)


def _play(
    arrivals: Iterable[tuple[datetime, int, int]],
    random: Random,
    turnaround: timedelta,
    request_bytes: int,
) -> int:
    """Let it all happen; returns the most requests that were at Anthropic at once.

    It goes from moment to moment: jobs come, have waited long enough, or a batch has ended.
    """
    # The number keeps what happens at one moment in order.
    moments: list[tuple[datetime, int, tuple[int, int] | Batch | None]] = []
    for moment, tenant, jobs in arrivals:
        heapq.heappush(moments, (moment, len(moments), (tenant, jobs)))
    number, most_slots = len(moments), 0
    patience = timedelta(seconds=settings.AIJOBS_SUBMIT_EVERY)
    while moments:
        now, _, what = heapq.heappop(moments)
        if isinstance(what, Batch):
            Batch.objects.filter(pk=what.pk).update(status=Batch.Status.SETTLED, settled_at=now)
        elif what is not None:
            with connection.cursor() as cursor:
                cursor.execute(ARRIVE, [what[0], request_bytes, now, now, what[1]])
            number += 1
            heapq.heappush(moments, (now + patience, number, None))
        if moments and moments[0][0] == now:
            continue
        if assemble.due(now):
            assemble.fill(now)
        for batch in dispatch.ready(now):
            batch.mark_submitting(requests=batch.requests, request_bytes=batch.request_bytes)
            batch.mark_submitted(now, now + LONGEST)
            took = turnaround * random.lognormvariate(0, SPREAD) if turnaround else turnaround
            number += 1
            heapq.heappush(moments, (now + min(took, LONGEST), number, batch))
        most_slots = max(most_slots, _shares.slots_in_use())
    return most_slots


def _outcome(tenants: Mapping[int, Customer], most_slots: int) -> Outcome:
    batches = list(Batch.objects.order_by("pk").values_list("pk", "assembled_at", "requests"))
    places = {pk: place for place, (pk, _, _) in enumerate(batches)}
    left = [moment for _, moment, _ in batches]
    sizes = [requests for _, _, requests in batches]
    groups: dict[int, list[tuple[datetime, int, int]]] = {pk: [] for pk in tenants}
    rows = AIJob.objects.values_list("tenant_id", "created_at", "batch").annotate(jobs=Count("pk"))
    for tenant, came, batch, jobs in rows:
        assert batch is not None
        groups[tenant].append((came, places[batch], jobs))
    return Outcome(
        [_course(one, groups[pk], left, sizes) for pk, one in tenants.items()],
        batches=len(batches),
        most_slots=most_slots,
        end=left[-1] - START,
    )


def _course(
    customer: Customer,
    groups: Iterable[tuple[datetime, int, int]],
    left: Sequence[datetime],
    sizes: Sequence[int],
) -> Course:
    """`groups`: when jobs came, the place of their batch, and how many. Else of all batches."""
    taken = [0] * len(sizes)
    began = [0] * (len(sizes) + 1)
    in_batches, in_time = list[tuple[int, int]](), list[tuple[timedelta, int]]()
    for came, place, jobs in groups:
        first = bisect_left(left, came)
        taken[place] += jobs
        began[first] += jobs
        began[place] -= jobs
        in_batches.append((place - first + 1, jobs))
        in_time.append((left[place] - came, jobs))
    # Jobs that a batch left behind.
    behind = list(accumulate(began))
    full = [place for place in range(len(sizes)) if behind[place] > 0]
    room = sum(sizes[place] for place in full)
    return Course(
        customer.name,
        customer.weight,
        sum(taken),
        sum(taken) / sum(sizes),
        sum(taken[place] for place in full) / room if room else None,
        _median(in_batches),
        max(in_batches)[0],
        _median(in_time),
        max(in_time)[0],
    )


def _median(waits: list[tuple[Wait, int]]) -> Wait:
    """Of values that each stand for so many jobs."""
    waits.sort()
    counts = list(accumulate(jobs for _, jobs in waits))
    return waits[bisect_left(counts, counts[-1] / 2)][0]
