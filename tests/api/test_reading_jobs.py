"""GET jobs and GET jobs/{id}."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from aijobs.models import AIJob, Collection, new_id
from tests.api.conftest import Caller
from tests.api.rows import fail, make_failed
from tests.factories import NOW, make_batch, make_charge, make_job, make_output

CountQueries = Callable[[int], AbstractContextManager[Any]]


def ids(response: Any) -> list[str]:
    return [job["job_id"] for job in response.json()["results"]]


def test_a_completed_job_shows_its_result_and_what_it_cost(caller: Caller) -> None:
    job = make_job(
        caller.tenant,
        status="completed",
        started_at=NOW,
        finished_at=NOW + timedelta(minutes=5),
        attempts=1,
    )
    make_output(job)
    make_charge(job, "0.0000215")

    shown = caller.read(f"jobs/{job.pk}").json()

    document = {
        "name": "",
        "media_type": "text/plain",
        "bytes": 44,
        "pages": None,
        "characters": 44,
        "read_as": "text",
        "warnings": [],
    }
    assert shown == {
        "job_id": str(job.pk),
        "job_type": "summarize",
        "status": "completed",
        "route": "batch",
        "collection_id": None,
        "document": document,
        "documents": [document],
        "row": None,
        "reference": "",
        "metadata": {},
        "source_name": "",
        "attempts": 1,
        "created_at": "2026-11-02T09:00:00Z",
        "needed_by": None,
        "started_at": "2026-11-02T09:00:00Z",
        "finished_at": "2026-11-02T09:05:00Z",
        "answered_by": None,
        "error": None,
        "tags": [],
        "usage": {
            "input_tokens": 100,
            "output_tokens": 10,
            "cache_read_tokens": 0,
            "cache_write_tokens": 0,
        },
        "estimated": False,
        "cost_usd": "0.0000215000",
        "sync_cost_usd": "0.0000430000",
        "saved_usd": "0.0000215000",
        "options": {"max_length": 100},
        "created_by": "test",
        "model": "m",
        "result": {"summary": "A fox."},
        "failed_attempts": [],
        "eta_from": None,
        "eta": None,
        "late_reason": None,
        "route_reason": "By batch, at half the price, since nothing says when it is needed.",
        "dropped_at": None,
    }


def test_a_job_says_whether_its_cost_is_an_estimate(caller: Caller) -> None:
    job = make_job(caller.tenant)
    make_charge(job)
    assert not caller.read(f"jobs/{job.pk}").json()["estimated"]
    make_charge(job, is_estimated=True)
    assert caller.read(f"jobs/{job.pk}").json()["estimated"]
    assert caller.read("jobs").json()["results"][0]["estimated"]


def test_a_failed_job_says_why_and_what_was_tried(caller: Caller) -> None:
    job = make_failed(caller.tenant)

    shown = caller.read(f"jobs/{job.pk}").json()

    assert shown["error"] == {"type": "refusal", "message": "It was refused."}
    assert shown["failed_attempts"] == [
        {
            "type": "refusal",
            "message": "It was refused.",
            "number": 1,
            "route": "batch",
            "ended_at": "2026-11-02T09:00:00Z",
        }
    ]
    assert (shown["result"], shown["usage"], shown["cost_usd"]) == (None, None, "0.0000000000")


def test_a_job_tried_again_has_no_error_but_a_history(caller: Caller) -> None:
    job = make_failed(caller.tenant)
    job.mark_queued(NOW)

    shown = caller.read(f"jobs/{job.pk}").json()

    assert (shown["status"], shown["error"]) == ("queued", None)
    assert len(shown["failed_attempts"]) == 1


def test_a_lone_surrogate_survives_the_wire(caller: Caller) -> None:
    job = make_job(caller.tenant, status="completed", finished_at=NOW)
    make_output(job, {"summary": "half \ud800 a pair"})

    assert caller.read(f"jobs/{job.pk}").json()["result"] == {"summary": "half \ud800 a pair"}


def test_jobs_are_listed_newest_first(caller: Caller) -> None:
    made = [make_job(caller.tenant, now=NOW + timedelta(seconds=n)) for n in range(3)]

    assert ids(caller.read("jobs")) == [str(job.pk) for job in reversed(made)]


def test_pages_lead_to_every_job_once_and_back(caller: Caller) -> None:
    made = [str(make_job(caller.tenant, now=NOW + timedelta(seconds=n)).pk) for n in range(5)][::-1]

    first = caller.read("jobs", page_size=2, status="queued")
    second = caller.get(first.json()["next"])
    third = caller.get(second.json()["next"])
    back = caller.get(third.json()["previous"])

    assert [ids(first), ids(second), ids(third)] == [made[:2], made[2:4], made[4:]]
    assert (first.json()["previous"], third.json()["next"]) == (None, None)
    assert ids(back) == made[2:4]
    assert ids(caller.get(back.json()["previous"])) == made[:2]
    assert caller.get(back.json()["previous"]).json()["previous"] is None
    assert "status=queued" in first.json()["next"]


def test_a_batch_job_is_processing_while_anthropic_has_its_batch(caller: Caller) -> None:
    job = make_job(caller.tenant)
    batch = make_batch("submitted", tenant_ids=[caller.tenant.pk])
    AIJob.objects.filter(pk=job.pk).update(status="submitted", batch=batch)

    assert ids(caller.read("jobs", status="processing")) == [str(job.pk)]
    assert ids(caller.read("jobs", status="submitted")) == []
    assert caller.read(f"jobs/{job.pk}").json()["status"] == "processing"


def test_filters_narrow_the_list(caller: Caller) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW),
        tenant=caller.tenant,
        name="May",
        job_type="classify",
        total=1,
        created_by="test",
        created_at=NOW,
    )
    old = make_job(caller.tenant, now=NOW - timedelta(days=2))
    plain = make_job(caller.tenant)
    in_collection = make_job(caller.tenant, "classify", collection=collection)
    failed = make_failed(caller.tenant)

    def found(**filters: str) -> set[str]:
        return set(ids(caller.read("jobs", **filters)))

    assert found(status="failed") == {str(failed.pk)}
    assert found(job_type="classify") == {str(in_collection.pk)}
    assert found(collection=str(collection.pk)) == {str(in_collection.pk)}
    assert found(created_before="2026-11-01") == {str(old.pk)}
    assert found(created_before="2026-11-02T09:00:00Z") == {str(old.pk)}
    assert found(created_after="2026-11-02T09:00:00Z", job_type="summarize") == {
        str(plain.pk),
        str(failed.pk),
    }
    assert found(created_after="2026-11-02T10:00:00+01:00", status="queued") == {
        str(plain.pk),
        str(in_collection.pk),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "done"),
        ("job_type", "translate"),
        ("collection", "7"),
        ("created_after", "yesterday"),
        ("created_after", "2026-02-30"),
        ("created_before", " "),
        ("cursor", "7"),
        ("page_size", "0"),
        ("page_size", "101"),
        ("page_size", "many"),
        ("cursor", "older.7"),
        ("state", "queued"),
    ],
)
def test_a_filter_that_is_wrong_is_named(caller: Caller, name: str, value: str) -> None:
    response = caller.read("jobs", **{name: value})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [name]


@pytest.mark.parametrize(
    "moment", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999Z"]
)
def test_the_ends_of_time_are_filters_too(caller: Caller, moment: str) -> None:
    make_job(caller.tenant)

    assert caller.read("jobs", created_after=moment).status_code == 200
    assert caller.read("jobs", created_before=moment).status_code == 200


def test_a_list_takes_the_same_number_of_queries_however_long(
    caller: Caller, django_assert_num_queries: CountQueries
) -> None:
    for _ in range(20):
        make_charge(make_failed(caller.tenant))

    # The key and its tenant, the jobs, the charges, the errors.
    with django_assert_num_queries(4):
        assert len(ids(caller.read("jobs", page_size=3))) == 3
    with django_assert_num_queries(4):
        assert len(ids(caller.read("jobs"))) == 20


def test_a_list_does_not_fetch_the_documents(
    caller: Caller, django_assert_num_queries: CountQueries
) -> None:
    make_job(caller.tenant)

    with django_assert_num_queries(3) as queries:
        caller.read("jobs")

    assert not [query for query in queries if "jobdocument" in query["sql"]]


def test_one_job_takes_the_same_number_of_queries_however_often_it_failed(
    caller: Caller, django_assert_num_queries: CountQueries
) -> None:
    job = make_failed(caller.tenant)
    for number in range(2, 9):
        fail(job, number)

    # The key and its tenant, the job, the charges, the attempts.
    with django_assert_num_queries(4):
        caller.read(f"jobs/{job.pk}")


def test_a_waiting_job_is_expected_between_two_moments(caller: Caller) -> None:
    waiting = make_job(caller.tenant, now=timezone.now())
    done = make_job(caller.tenant, status="completed", finished_at=NOW)

    shown = caller.read(f"jobs/{waiting.pk}").json()

    first, last = (datetime.fromisoformat(shown[name]) for name in ("eta_from", "eta"))
    assert waiting.created_at < first < last
    assert shown["late_reason"] is None
    assert caller.read(f"jobs/{done.pk}").json()["eta"] is None


def test_a_job_that_is_held_says_why(caller: Caller) -> None:
    batch = make_batch("canceling", canceling_at=timezone.now())
    held = make_job(caller.tenant, status="submitted", batch=batch)

    shown = caller.read(f"jobs/{held.pk}").json()

    assert shown["late_reason"].startswith("Its batch is being canceled.")


def test_a_job_that_is_not_there_is_404(caller: Caller) -> None:
    response = caller.read(f"jobs/{uuid4()}")

    assert response.status_code == 404
    assert response.json()["detail"] == "There is no job with this id."
