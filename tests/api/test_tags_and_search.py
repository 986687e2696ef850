"""Jobs listed by their words and tags; and tags put on jobs, and taken off."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from aijobs.models import AIJob, Operation, Tag
from aijobs.pipeline import apply, index
from aijobs.pipeline import tag as tags
from citizenapp.tenants.models import AuditEntry
from tests.api.conftest import Caller
from tests.factories import NOW, make_batch, make_job, make_output, make_tenant

LATER = NOW + timedelta(days=400)


def listed(caller: Caller, **query: Any) -> list[UUID]:
    index.run(LATER)
    response = caller.read("jobs", **query)
    assert response.status_code == 200, response.json()
    return [UUID(one["job_id"]) for one in response.json()["results"]]


def tags_of(caller: Caller, job: AIJob) -> Any:
    return caller.read(f"jobs/{job.pk}").json()["tags"]


def test_jobs_are_found_by_words_of_reference_document_and_answer(caller: Caller) -> None:
    hail = make_job(caller.tenant, reference="POL-77", text="Hail on a roof.")
    fire = make_job(caller.tenant, text="Fire.", status="completed", finished_at=NOW)
    make_output(fire, {"summary": "A burnt roof."})
    make_job(make_tenant(), text="Hail on a roof.")

    assert listed(caller, q="pol-77") == [hail.pk]
    assert listed(caller, q="ROOF hail") == [hail.pk]
    assert listed(caller, q="burn") == [fire.pk]
    assert listed(caller, q="roof", status="completed") == [fire.pk]
    assert set(listed(caller, q="roof")) == {hail.pk, fire.pk}
    assert listed(caller, q="snow") == []


def test_jobs_are_listed_by_a_tag_whatever_its_capitals(caller: Caller) -> None:
    tagged, _ = make_job(caller.tenant), make_job(caller.tenant)
    theirs = make_job(make_tenant())
    for job in (tagged, theirs):
        tags.tag_job(job, "Urgent")

    assert listed(caller, tag="urgent") == [tagged.pk]
    assert listed(caller, tag="late") == []


def test_a_job_tells_its_tags(caller: Caller) -> None:
    job = make_job(caller.tenant)
    for name in ("water", "hail"):
        tags.tag_job(job, name)

    assert tags_of(caller, job) == ["hail", "water"]
    assert caller.read("jobs").json()["results"][0]["tags"] == ["hail", "water"]


@pytest.mark.parametrize("words", ["!", "-", " , "])
def test_a_search_without_a_word_is_refused(caller: Caller, words: str) -> None:
    response = caller.read("jobs", q=words)

    assert (response.status_code, list(response.json()["errors"])) == (400, ["q"])


def test_jobs_get_a_tag_and_lose_it(caller: Caller) -> None:
    jobs = [make_job(caller.tenant) for _ in range(2)]
    body = {"tag": " Storm  of May ", "ids": [str(job.pk) for job in jobs]}

    asked = caller.send("jobs/tag", body)
    assert (asked.status_code, asked.json()["kind"]) == (202, "tag")
    assert asked.json()["tag"] == "Storm of May"
    apply.run(LATER)
    assert [tags_of(caller, job) for job in jobs] == [["Storm of May"]] * 2

    asked = caller.send("jobs/untag", {"tag": "storm of may", "filter": {"tag": "storm of may"}})
    assert (asked.status_code, asked.json()["total"]) == (202, 2)
    apply.run(LATER)
    assert [tags_of(caller, job) for job in jobs] == [[], []]
    assert not Tag.objects.exists()


def test_those_that_a_search_finds_can_be_tagged(caller: Caller) -> None:
    hail = make_job(caller.tenant, text="Hail.")
    make_job(caller.tenant, text="Fire.")
    index.run(LATER)

    asked = caller.send("jobs/tag", {"tag": "weather", "filter": {"q": "hail"}})
    assert asked.json()["total"] == 1
    apply.run(LATER)
    assert tags_of(caller, hail) == ["weather"]


@pytest.mark.parametrize(
    "wrong", [None, 5, [], "", " ", "x" * 51, "a\0b", "a\u202eb"], ids=lambda one: repr(one)[:9]
)
@pytest.mark.parametrize("path", ["jobs/tag", "jobs/untag"])
def test_a_tag_that_is_none_is_named_and_nothing_is_stored(
    caller: Caller, path: str, wrong: object
) -> None:
    body = {"ids": [str(make_job(caller.tenant).pk)], "tag": wrong}

    response = caller.send(path, body)

    assert (response.status_code, list(response.json()["errors"])) == (400, ["tag"])
    assert not Operation.objects.exists()
    assert not Tag.objects.exists()


def test_a_tag_is_no_field_of_other_moves(caller: Caller) -> None:
    body = {"ids": [str(make_job(caller.tenant).pk)], "tag": "urgent"}

    assert "tag" in caller.send("jobs/cancel", body).json()["errors"]


def test_a_workspace_with_as_many_tags_as_there_may_be_is_told_so(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tag, "MOST_OF_A_TENANT", 1)
    job = make_job(caller.tenant)
    tags.tag_job(job, "first")

    response = caller.send("jobs/tag", {"tag": "second", "ids": [str(job.pk)]})

    assert response.status_code == 400
    assert "1 tags already" in response.json()["errors"]["tag"][0]
    assert not Operation.objects.exists()


def test_of_many_jobs_the_answers_can_be_dropped(caller: Caller) -> None:
    batch = make_batch("submitted", tenant_ids=[caller.tenant.pk])
    waiting = make_job(caller.tenant)
    leaving = make_job(caller.tenant, status="submitted", batch=batch)
    body = {"ids": [str(waiting.pk), str(leaving.pk)]}

    asked = caller.send("jobs/cancel?answers=drop", body)
    assert (asked.status_code, asked.json()["kind"]) == (202, "drop")
    apply.run(LATER)

    found = caller.get(asked["Location"]).json()
    assert (found["changed"], found["skipped"]) == (2, [])
    for job in (waiting, leaving):
        job.refresh_from_db()
    assert waiting.status == "canceled"
    assert leaving.dropped_at == LATER


@pytest.mark.parametrize(
    ("path", "action", "details"),
    [
        ("jobs/tag", "jobs.tagged", {"jobs": "1", "tag": "urgent"}),
        ("jobs/untag", "jobs.untagged", {"jobs": "1", "tag": "urgent"}),
        ("jobs/cancel?answers=drop", "jobs.canceled", {"jobs": "1", "answers": "dropped"}),
    ],
)
def test_the_audit_says_what_was_asked(
    caller: Caller, path: str, action: str, details: dict[str, str]
) -> None:
    body = {"ids": [str(make_job(caller.tenant).pk)]}

    asked = caller.send(path, body | ({"tag": "urgent"} if "tag" in path else {}))

    [entry] = AuditEntry.objects.filter(action=action)
    assert entry.subject == f"operation {asked.json()['operation_id']}"
    assert entry.details == details
    assert entry.actor.startswith("key ")
