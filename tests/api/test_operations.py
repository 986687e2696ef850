"""Many jobs retried or canceled at once, and the operations that do it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from aijobs.models import AIJob, Operation, OperationPage
from aijobs.pipeline import apply
from tests.api.conftest import Caller
from tests.factories import NOW, make_batch, make_job, make_tenant

LATER = NOW + timedelta(days=400)


def ids(jobs: list[AIJob]) -> list[str]:
    return [str(job.pk) for job in jobs]


def failed(caller: Caller, count: int, **fields: Any) -> list[AIJob]:
    fields.setdefault("status", "failed")
    fields.setdefault("finished_at", NOW)
    moments = [NOW + timedelta(seconds=number) for number in range(count)]
    return [make_job(caller.tenant, now=moment, **fields) for moment in moments]


def followed(caller: Caller, response: Any) -> dict[str, Any]:
    """What became of it once it was carried out."""
    assert response.status_code == 202, response.json()
    apply.run(LATER)
    found: dict[str, Any] = caller.get(response["Location"]).json()
    return found


def test_failed_and_canceled_jobs_are_queued_again(caller: Caller) -> None:
    jobs = [*failed(caller, 2), *failed(caller, 1, status="canceled")]
    response = caller.send("jobs/retry", {"ids": ids(jobs)})

    assert response.json()["status"] == "running"
    assert (response.json()["total"], response.json()["done"]) == (3, 0)
    assert AIJob.objects.filter(status="queued").count() == 0

    found = followed(caller, response)
    assert (found["kind"], found["status"]) == ("retry", "completed")
    assert (found["total"], found["done"], found["changed"], found["skipped"]) == (3, 3, 3, [])
    assert found["ended_at"]
    assert AIJob.objects.filter(status="queued").count() == 3


def test_waiting_jobs_are_canceled_and_the_others_skipped_for_their_reasons(
    caller: Caller,
) -> None:
    batch = make_batch("submitted", tenant_ids=[caller.tenant.pk])
    jobs = [
        make_job(caller.tenant),
        make_job(caller.tenant, status="submitted", batch=batch),
        make_job(caller.tenant, status="completed", finished_at=NOW),
    ]
    found = followed(caller, caller.send("jobs/cancel", {"ids": ids(jobs)}))

    assert (found["done"], found["changed"]) == (3, 1)
    assert found["skipped"] == [
        {"reason": "completed", "jobs": 1, "message": "It is already completed."},
        {
            "reason": "processing",
            "jobs": 1,
            "message": "Claude is already working on it; its result will arrive.",
        },
    ]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({"status": "failed"}, {"a", "b"}),
        ({"status": "failed", "job_type": "classify"}, {"b"}),
        ({"reference": "POL-1"}, {"a"}),
        ({"status": "failed", "created_after": (NOW + timedelta(hours=1)).isoformat()}, {"b"}),
        ({"status": "failed", "created_before": (NOW + timedelta(hours=1)).isoformat()}, {"a"}),
        ({"collection": str(uuid4())}, set()),
    ],
)
def test_a_filter_chooses_as_the_list_does(
    caller: Caller, only: dict[str, str], expected: set[str]
) -> None:
    late = NOW + timedelta(hours=2)
    jobs = {
        "a": make_job(caller.tenant, status="failed", finished_at=NOW, reference="POL-1"),
        "b": make_job(caller.tenant, "classify", now=late, status="failed", finished_at=late),
        "c": make_job(caller.tenant, status="completed", finished_at=NOW),
    }
    found = followed(caller, caller.send("jobs/retry", {"filter": only}))

    assert found["status"] == "completed"
    queued = AIJob.objects.filter(status="queued").values_list("pk", flat=True)
    assert set(queued) == {jobs[name].pk for name in expected}


def test_a_filter_is_about_the_jobs_of_its_moment(caller: Caller) -> None:
    [before] = failed(caller, 1)
    response = caller.send("jobs/retry", {"filter": {"status": "failed"}})
    [after] = failed(caller, 1)

    assert followed(caller, response)["total"] == 1
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.status, after.status) == ("queued", "failed")


def test_jobs_that_are_gone_by_then_are_told_of(caller: Caller) -> None:
    jobs = failed(caller, 3)
    response = caller.send("jobs/retry", {"ids": ids(jobs)})
    assert caller.delete(f"/api/ai/jobs/{jobs[0].pk}").status_code == 204
    batch = make_batch("submitted")
    AIJob.objects.filter(pk=jobs[1].pk).update(erasing_since=NOW, batch=batch)

    found = followed(caller, response)
    assert (found["changed"], found["done"]) == (1, 3)
    assert [(one["reason"], one["jobs"]) for one in found["skipped"]] == [("gone", 2)]
    jobs[1].refresh_from_db()
    assert jobs[1].status == "failed"


def test_what_is_beyond_the_limit_is_refused_and_the_rest_runs(caller: Caller) -> None:
    caller.tenant.limit_usd = Decimal(1)
    caller.tenant.save()
    jobs = failed(caller, 5, reserved_usd=Decimal("0.3"))

    found = followed(caller, caller.send("jobs/retry", {"ids": ids(jobs)}))

    assert found["changed"] == 3
    assert [(one["reason"], one["jobs"]) for one in found["skipped"]] == [("limit-reached", 2)]
    queued = AIJob.objects.filter(status="queued").values_list("pk", flat=True)
    assert set(queued) == {job.pk for job in jobs[:3]}


def test_no_more_are_queued_again_than_may_wait(caller: Caller) -> None:
    jobs = failed(caller, 5)
    caller.tenant.most_waiting = 2
    caller.tenant.save()

    found = followed(caller, caller.send("jobs/retry", {"ids": ids(jobs)}))

    assert found["changed"] == 2
    assert [(one["reason"], one["jobs"]) for one in found["skipped"]] == [("queue-full", 3)]
    assert AIJob.objects.filter(status="queued").count() == 2


def test_long_prompts_that_are_refused_are_skipped(caller: Caller) -> None:
    caller.tenant.long_prompts = "refuse"
    caller.tenant.save()
    short, long_ = failed(caller, 2)
    type(long_.input).objects.filter(pk=long_.pk).update(
        expected_tokens=1_000_000, document_kind="text"
    )
    found = followed(caller, caller.send("jobs/retry", {"ids": ids([short, long_])}))

    assert found["changed"] == 1
    assert [(one["reason"], one["jobs"]) for one in found["skipped"]] == [("long-prompt", 1)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "ids"),
        ({"ids": [], "filter": {}}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": "all"}, "ids"),
        ({"ids": [str(uuid4())] * 10_001}, "ids"),
        ({"ids": ["x", 5]}, "ids.0"),
        ({"ids": [None]}, "ids.0"),
        ({"filter": {}}, "filter"),
        ({"filter": []}, "filter"),
        ({"filter": {"status": "late"}}, "filter.status"),
        ({"filter": {"status": ""}}, "filter.status"),
        ({"filter": {"status": None}}, "filter.status"),
        ({"filter": {"collection": "c"}}, "filter.collection"),
        ({"filter": {"created_after": "tomorrow"}}, "filter.created_after"),
        ({"filter": {"page_size": "5"}}, "filter.page_size"),
        ({"ids": [str(uuid4())], "dry": True}, "dry"),
    ],
)
def test_a_body_that_is_none_is_named_and_nothing_is_stored(
    caller: Caller, body: dict[str, Any], field: str
) -> None:
    for path in ("jobs/retry", "jobs/cancel"):
        response = caller.send(path, body)
        assert response.status_code == 400
        assert field in response.json()["errors"]
    assert not Operation.objects.exists()


def test_an_id_of_somebody_else_refuses_the_whole_request(caller: Caller) -> None:
    mine = failed(caller, 1)
    theirs = make_job(make_tenant(), status="failed", finished_at=NOW)
    unknown = uuid4()

    response = caller.send("jobs/retry", {"ids": [*ids(mine), str(theirs.pk), str(unknown)]})

    message = ["There is no job with this id."]
    assert response.status_code == 404
    assert response.json()["errors"] == {"ids.1": message, "ids.2": message}
    assert not Operation.objects.exists()


def test_operations_are_listed_newest_first_by_pages(caller: Caller) -> None:
    for _ in range(3):
        caller.send("jobs/retry", {"ids": ids(failed(caller, 1))})
    first = caller.read("operations", page_size=2).json()
    assert len(first["results"]) == 2
    second = caller.get(first["next"]).json()
    listed = [one["operation_id"] for one in [*first["results"], *second["results"]]]
    newest = Operation.objects.order_by("-pk").values_list("pk", flat=True)
    assert listed == [str(pk) for pk in newest]


def test_a_viewer_may_look_and_not_ask(caller: Caller) -> None:
    response = caller.send("jobs/retry", {"ids": ids(failed(caller, 1))})
    viewer = Caller(caller.tenant, "viewer")
    assert viewer.get(response["Location"]).status_code == 200
    assert viewer.send("jobs/cancel", {"ids": []}).status_code == 403


def test_a_repeated_request_is_one_operation(caller: Caller) -> None:
    body = {"ids": ids(failed(caller, 1))}
    key = {"Idempotency-Key": "k"}
    first = caller.send("jobs/retry", body, headers=key)
    followed(caller, first)
    again = caller.send("jobs/retry", body, headers=key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again["Location"] == first["Location"]
    assert Operation.objects.count() == 1


def test_a_large_operation_goes_page_by_page(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "PAGE_JOBS", 2)
    monkeypatch.setattr(apply, "MOST_PAGES", 2)
    response = caller.send("jobs/retry", {"ids": ids(failed(caller, 5))})
    assert OperationPage.objects.count() == 3

    assert apply.run(LATER) == 2
    found = caller.get(response["Location"]).json()
    assert (found["status"], found["done"]) == ("running", 4)
    assert apply.due(LATER)
    assert apply.run(LATER) == 1
    assert caller.get(response["Location"]).json()["status"] == "completed"
    assert not apply.due(LATER)
    assert not OperationPage.objects.exists()


def test_one_that_fails_is_put_off_and_given_up_in_the_end(caller: Caller) -> None:
    """Its row is broken: what was skipped is no number."""
    broken = caller.send("jobs/retry", {"ids": ids(failed(caller, 1))}).json()["operation_id"]
    Operation.objects.filter(pk=broken).update(skipped={"completed": "x"})
    fine = caller.send("jobs/retry", {"ids": ids(failed(caller, 1))})
    assert apply.run(LATER) == 1
    assert caller.get(fine["Location"]).json()["status"] == "completed"
    for minute in range(apply.TRIES):
        assert apply.run(LATER + timedelta(minutes=minute)) == 0
    found = Operation.objects.get(pk=broken)
    assert (found.status, found.changed) == ("failed", 0)
    assert not apply.due(LATER + timedelta(hours=1))


def test_an_operation_that_has_ended_is_answered_at_once_and_only_once(caller: Caller) -> None:
    response = caller.send("jobs/retry", {"ids": ids(failed(caller, 2))})
    followed(caller, response)

    first = caller.get(f"{response['Location']}?wait=30")
    again = caller.get(f"{response['Location']}?wait=30", headers={"if-none-match": first["ETag"]})

    assert (first.status_code, first.json()["status"]) == (200, "completed")
    assert (again.status_code, again.content) == (304, b"")


def test_a_filter_that_nothing_can_fit_is_over_at_once(caller: Caller) -> None:
    failed(caller, 1)
    wanted = {"created_after": "0457-08-24T23:45:26Z", "created_before": "0074-04-16T08:45:52Z"}

    response = caller.send("jobs/retry", {"filter": wanted | {"status": "failed"}})

    assert response.status_code == 202
    assert (response.json()["status"], response.json()["total"]) == ("completed", 0)
