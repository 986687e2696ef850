"""However stale PostgreSQL's statistics are, the mass statements walk indexes and nothing else."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from aijobs.models import AIJob
from aijobs.pipeline import _rates, _roads, _urgent, accept, assemble
from aijobs.turnaround import choice
from tests.factories import NOW, make_batch, make_tenant
from tests.pipeline.steps import DUE

pytestmark = pytest.mark.django_db

ARGUMENTS = {
    "now": DUE,
    "before": NOW,
    "held": [],
    "never": [],
    "enough": 1_000,
    "job_types": ["analyze", "classify", "summarize"],
    "apart": True,
    "free_requests": 100_000,
    "free_bytes": 250_000_000,
    "weighted": [1, 2],
    "weights": [3, 100],
}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def explain(statement: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of the plan of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", arguments)
        found = cursor.fetchone()[0]
    return list(nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def queue_thousands() -> None:
    item = {"document_text": "Hail is covered."}
    for _ in range(3):
        accept.accept_collection(
            make_tenant(), "c", "summarize", enumerate([item] * 2_000, 1), now=NOW, created_by="ann"
        )


@pytest.fixture(autouse=True)
def _empty_tables(db: None) -> None:
    """Other tests leave statistics behind, by way of autovacuum, and the pages of their rows."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE aijobs_aijob CASCADE")


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE aijobs_aijob")


@pytest.mark.parametrize("statistics", ["none", "all finished", "all waiting"])
def test_waiting_jobs_are_found_by_the_index_of_waiting_jobs(statistics: str) -> None:
    if statistics == "none":
        queue_thousands()
    elif statistics == "all finished":
        # Taken when nothing waited: PostgreSQL thinks that nearly nothing does.
        queue_thousands()
        AIJob.objects.update(status="completed", finished_at=NOW)
        analyze()
        queue_thousands()
    elif statistics == "all waiting":
        # Taken when all waited, and then most of it was done.
        queue_thousands()
        analyze()
        AIJob.objects.update(status="completed", finished_at=NOW)
    seeds = explain(assemble.CLAIM_SEEDS, ARGUMENTS | {"batch": make_batch().pk})
    assert "Seq Scan" not in {
        n["Node Type"] for n in seeds if n.get("Relation Name") == "aijobs_aijob"
    }
    for statement in (assemble.DUE, assemble.CLAIM):
        plan = explain(statement, ARGUMENTS | {"batch": make_batch().pk})
        of_jobs = {n["Node Type"] for n in plan if n.get("Relation Name") == "aijobs_aijob"}
        assert "Seq Scan" not in of_jobs
        # What is claimed is updated by its key.
        indexes = {n["Index Name"] for n in plan if "Index Name" in n}
        assert "job_waiting" in indexes
        assert indexes <= {"job_waiting", "aijobs_aijob_pkey", "turn_once", "seeding_waiting"}


@pytest.mark.parametrize("statistics", ["none", "all finished"])
def test_urgent_jobs_are_found_by_the_index_of_urgent_jobs(statistics: str) -> None:
    if statistics == "all finished":
        queue_thousands()
        AIJob.objects.update(status="completed", finished_at=NOW)
        analyze()
    queue_thousands()
    AIJob.objects.filter(status="queued").update(needed_by=NOW, route="sync")
    tenants = list(AIJob.objects.values_list("tenant_id", flat=True).distinct())
    arguments = ARGUMENTS | {
        "most": 32,
        "free": 16,
        "allowed": 32,
        "tenants": tenants,
        "calls": [1] * len(tenants),
        **_rates.models({"claude-sonnet-5-5"}),
        **_rates.room([], NOW),
    }
    for statement in (_urgent.DUE, _urgent.CLAIM):
        plan = explain(statement, arguments)
        of_jobs = {n["Node Type"] for n in plan if n.get("Relation Name") == "aijobs_aijob"}
        assert "Seq Scan" not in of_jobs
        # Each input is looked up by its key, in the order of the jobs.
        of_inputs = {n["Node Type"] for n in plan if n.get("Relation Name") == "aijobs_jobinput"}
        assert of_inputs == {"Index Scan"}
        indexes = {n["Index Name"] for n in plan if "Index Name" in n}
        # While direct calls are news, that of all of them is as good.
        assert indexes & {"job_at_once", "job_sync"}
        assert indexes <= {
            *("job_at_once", "job_sync"),
            *("aijobs_aijob_pkey", "aijobs_jobinput_pkey", "turn_once"),
            # In tables as small as these, any index of inputs that holds the job's key.
            *("input_of_kind", "input_of_tenant"),
        }


@pytest.mark.parametrize("statistics", ["none", "all finished"])
def test_deadlines_are_found_by_the_index_of_deadlines(statistics: str) -> None:
    if statistics == "all finished":
        queue_thousands()
        AIJob.objects.update(status="completed", finished_at=NOW)
        analyze()
    queue_thousands()
    AIJob.objects.filter(status="queued").update(needed_by=DUE + timedelta(hours=1))
    tenants = list(AIJob.objects.values_list("tenant_id", flat=True).distinct())
    arguments = ARGUMENTS | {
        "batch": make_batch().pk,
        "until": DUE + timedelta(hours=2),
        "moment": DUE + timedelta(hours=2),
        "tenants": tenants,
        "moments": [DUE] * len(tenants),
        "certain_moment": DUE + timedelta(hours=2),
        "certain_moments": [DUE] * len(tenants),
        "lefts": [None] * len(tenants),
        "most": 5_000,
    }
    statements = (_roads.DUE, _roads.MOVE, _roads.NEAREST, _roads.COUNT, assemble.CLAIM_PRESSING)
    for statement in statements:
        plan = explain(statement, arguments)
        of_jobs = {n["Node Type"] for n in plan if n.get("Relation Name") == "aijobs_aijob"}
        assert "Seq Scan" not in of_jobs
        assert "job_urgent" in {n["Index Name"] for n in plan if "Index Name" in n}


@pytest.mark.parametrize("statistics", ["none", "all finished"])
def test_what_waits_to_run_at_once_is_counted_by_its_index(statistics: str) -> None:
    if statistics == "all finished":
        queue_thousands()
        AIJob.objects.update(status="completed", finished_at=NOW)
        analyze()
    queue_thousands()
    AIJob.objects.filter(status="queued").update(route="sync")
    plan = explain(choice.CALLED, {})
    used = {n["Index Name"] for n in plan if "Index Name" in n}
    assert used & {"job_at_once", "job_sync"}
    of_jobs = {n["Node Type"] for n in plan if n.get("Relation Name") == "aijobs_aijob"}
    assert "Seq Scan" not in of_jobs
