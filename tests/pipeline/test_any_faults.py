"""Whatever faults come in whatever order: every job ends once, and every answer is charged once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs.models import AIJob, Batch, LedgerEntry
from tests.factories import make_tenant
from tests.ground import Emulator
from tests.pipeline.steps import DUE, TEXT, assert_books_agree, keep_going, queue

pytestmark = pytest.mark.django_db

ANYWHERE = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["create", "list", "retrieve", "results"]),
        "fault": st.sampled_from(["drop", "html", "status"]),
        "when": st.sampled_from(["early", "before", "after"]),
        "status": st.sampled_from([408, 409, 429, 500, 503, 529]),
        "times": st.integers(1, 2),
        "after_calls": st.integers(0, 2),
    }
)
RESULTS = st.fixed_dictionaries(
    {
        "at": st.just("results"),
        "fault": st.sampled_from(["cut", "half_line", "missing", "duplicate", "foreign"]),
        "rows": st.integers(1, 3),
        "after_calls": st.integers(0, 1),
    }
)
LAG = st.fixed_dictionaries(
    {"at": st.just("list"), "fault": st.just("lag"), "seconds": st.just(3_600)}
)
OUTCOMES = ["", "refusal", "max_tokens*1", "expired*1", "errored:api_error*1", "canceled*1"]


@contextmanager
def fresh(emulator: Emulator) -> Iterator[None]:
    """One example's world, which leaves nothing behind."""
    emulator.reset()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@given(
    faults=st.lists(ANYWHERE | RESULTS | LAG, max_size=5),
    outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=4),
)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_everything_ends_once_and_is_charged_once(
    emulator: Emulator, faults: list[dict[str, Any]], outcomes: list[str]
) -> None:
    documents = [
        f"{TEXT} Policy {number}. " + (f"[[emulate:{outcome}]]" if outcome else "")
        for number, outcome in enumerate(outcomes)
    ]
    with fresh(emulator):
        queue(*documents, tenant=make_tenant())
        for fault in faults:
            emulator.control("POST", "faults", fault)
        keep_going(DUE, minutes=240)
        assert not Batch.objects.exclude(status__in=Batch.FINAL).exists()
        refused = outcomes.count("refusal")
        assert AIJob.objects.filter(status="completed").count() == len(outcomes) - refused
        assert LedgerEntry.objects.count() == len(outcomes) + outcomes.count("max_tokens*1")
        assert_books_agree(emulator)
