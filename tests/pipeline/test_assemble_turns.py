"""Over many batches, tenants that wait are served one after the other, however long their queues.

While two tenants wait, neither is ever more than one job ahead of the other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from aijobs.models import AIJob, Batch, Turn, new_id
from aijobs.pipeline import assemble
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant
from tests.pipeline.steps import DUE

pytestmark = pytest.mark.django_db

Taken = Counter[int]
"""Jobs by the id of their tenant."""


def queue_sizes(tenant: Tenant, sizes: Sequence[int]) -> None:
    """A waiting job for each size in bytes."""
    AIJob.objects.bulk_create(
        AIJob(
            id=new_id(NOW),
            tenant=tenant,
            job_type="summarize",
            request_bytes=size,
            created_at=NOW,
            not_before=NOW,
        )
        for size in sizes
    )


def waiting() -> Taken:
    return Counter(AIJob.objects.filter(status="queued").values_list("tenant_id", flat=True))


def taken_by(batch: Batch) -> Taken:
    return Counter(AIJob.objects.filter(batch=batch).values_list("tenant_id", flat=True))


def take_in_turns(batches: int = 1_000) -> list[Taken]:
    """Assemble up to so many batches; nobody gets ahead among those who wait from now on."""
    wait, taken = waiting(), Taken()
    history: list[Taken] = []
    while len(history) < batches and (batch := assemble.assemble_one(DUE)):
        assert batch.requests == taken_by(batch).total()
        history.append(taken_by(batch))
        taken += history[-1]
        for ahead, behind in permutations(wait, 2):
            if taken[behind] < wait[behind]:
                assert taken[ahead] - taken[behind] <= 1, history
    return history


def test_five_tenants_with_four_jobs_each_and_room_for_three(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 3
    for _ in range(5):
        queue_sizes(make_tenant(), [100] * 4)
    history = take_in_turns()
    assert [batch.total() for batch in history] == [3] * 6 + [2]
    # Whoever had none in the first batch begins the second.
    assert set((history[0] + history[1]).values()) == {1, 2}
    assert not waiting()


def test_a_tenant_that_comes_late_is_served_next_and_no_further_ahead(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 2
    for _ in range(3):
        queue_sizes(make_tenant(), [100] * 20)
    take_in_turns(batches=7)
    late = make_tenant()
    queue_sizes(late, [100] * 20)
    history = take_in_turns()
    assert history[0][late.pk] == 1
    assert not waiting()


def test_a_tenant_that_was_away_does_not_get_what_it_did_not_wait_for(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 2
    away, there = make_tenant(), make_tenant()
    queue_sizes(away, [100])
    queue_sizes(there, [100] * 30)
    take_in_turns(batches=8)
    queue_sizes(away, [100] * 10)
    history = take_in_turns(batches=10)
    assert [set(batch.values()) for batch in history[:7]] == [{1}] * 7


def test_who_waits_with_a_large_document_begins_the_next_batch(settings: Settings) -> None:
    """What does not fit any more is passed over by nobody: its tenant would wait for ever."""
    settings.AIJOBS_BATCH_BYTES = 1_000
    large, small = make_tenant(), make_tenant()
    queue_sizes(large, [900] * 4)
    queue_sizes(small, [200] * 4)
    history = take_in_turns()
    assert [sorted(batch.items()) for batch in history] == [
        [(tenant.pk, 1)] for _ in range(4) for tenant in (large, small)
    ]


def test_urgent_jobs_that_ran_at_once_cost_no_turn_in_a_batch(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 3
    tenants = [make_tenant() for _ in range(3)]
    for number, tenant in enumerate(tenants):
        queue_sizes(tenant, [100] * 5)
        Turn.objects.create(tenant=tenant, route="sync", number=100 * number)
    history = take_in_turns()
    assert [set(batch.values()) for batch in history] == [{1}] * 5


@contextmanager
def fresh() -> Iterator[None]:
    """One example's world, which leaves nothing behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


SIZES = st.lists(st.sampled_from([100, 300, 900, 1_000]), min_size=1, max_size=8)


@given(
    first=st.lists(SIZES, min_size=1, max_size=5),
    later=st.lists(SIZES, max_size=3),
    before_them=st.integers(1, 4),
    requests=st.integers(1, 9),
    size=st.integers(1_000, 3_000),
)
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nobody_gets_ahead_whatever_waits(
    settings: Any,
    first: list[list[int]],
    later: list[list[int]],
    before_them: int,
    requests: int,
    size: int,
) -> None:
    settings.AIJOBS_BATCH_REQUESTS, settings.AIJOBS_BATCH_BYTES = requests, size
    with fresh():
        tenants = [make_tenant() for _ in first]
        for tenant, sizes in zip(tenants, first, strict=True):
            queue_sizes(tenant, sizes)
        take_in_turns(batches=before_them)
        # Some come for the first time; others had jobs before, and have more now.
        for number, sizes in enumerate(later):
            queue_sizes(tenants[0] if number == 1 else make_tenant(), sizes)
        take_in_turns()
        assert not waiting()
        assert max(Batch.objects.values_list("requests", flat=True)) <= requests
        assert max(Batch.objects.values_list("request_bytes", flat=True)) <= size
