"""ETags, `fields=` and `Prefer: return=minimal`: who knows the state, or wants little of it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs.api import shapes, states, translate
from aijobs.models import AIJob, Collection
from aijobs.reading import jobs
from tests.api.conftest import Caller
from tests.factories import NOW, make_charge, make_job, make_key, make_output, make_tenant

ITEMS = {
    "name": "n",
    "job_type": "summarize",
    "items": [{"document_text": "a"}, {}],
    "on_error": "skip",
}
LITTLE = {"prefer": "return=minimal"}


def collection_of(caller: Caller) -> str:
    made: str = caller.send("collections", ITEMS).json()["collection_id"]
    return made


def read(caller: Caller, path: str, known: str = "", **query: Any) -> Any:
    headers = {"if-none-match": known} if known else {}
    return caller.get(f"/api/ai/{path}", query, headers=headers)


@pytest.fixture
def paths(caller: Caller) -> list[str]:
    job = make_job(caller.tenant)
    return [f"jobs/{job.pk}", f"collections/{collection_of(caller)}", "jobs", "collections"]


def test_who_knows_the_state_is_told_nothing(caller: Caller, paths: list[str]) -> None:
    for path in paths:
        first = read(caller, path)
        assert first["ETag"].startswith('W/"')
        assert first["Cache-Control"] == "private, no-cache"
        assert "Authorization" in first["Vary"]
        again = read(caller, path, first["ETag"])
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == first["ETag"]


def test_any_form_of_the_tag_is_known(caller: Caller) -> None:
    path = f"jobs/{make_job(caller.tenant).pk}"
    tag = read(caller, path)["ETag"]
    for known in (tag.removeprefix("W/"), f'"x", {tag}', "*"):
        assert read(caller, path, known).status_code == 304
    for other in ('"x"', "x", 'W/"', "W/*"):
        assert read(caller, path, other).status_code == 200


def test_conditions_for_who_writes_do_not_count(caller: Caller) -> None:
    path = f"/api/ai/jobs/{make_job(caller.tenant).pk}"
    for condition in (
        {"if-match": '"x"'},
        {"if-unmodified-since": "Mon, 02 Nov 2026 09:00:00 GMT"},
    ):
        headers = condition | {"if-none-match": "*"}
        assert caller.get(path, headers=headers).status_code == 200


def test_every_change_makes_another_state(caller: Caller) -> None:
    job = make_job(caller.tenant)
    path = f"jobs/{job.pk}"
    seen = [read(caller, path)["ETag"]]

    def is_new() -> bool:
        seen.append(read(caller, path)["ETag"])
        return len({*seen}) == len(seen)

    AIJob.objects.filter(pk=job.pk).update(attempts=1, started_at=NOW)
    assert is_new()
    make_charge(job)
    assert is_new()
    AIJob.objects.filter(pk=job.pk).update(status="completed", finished_at=NOW)
    make_output(job)
    assert is_new()


def test_what_changes_by_the_clock_alone_is_the_same_state(caller: Caller) -> None:
    job = make_job(caller.tenant)
    told = [
        translate.job(jobs.detail(caller.tenant, job.pk, now=NOW + timedelta(hours=hours)))
        for hours in (1, 2)
    ]
    assert told[0].eta != told[1].eta
    first, again = (states.tag_of(one.model_dump(mode="json")) for one in told)
    assert first == again


def test_a_list_of_other_pages_is_another(caller: Caller) -> None:
    make_job(caller.tenant)
    tag = read(caller, "jobs")["ETag"]
    make_job(caller.tenant)
    assert read(caller, "jobs", tag).status_code == 200
    assert read(caller, "jobs", status="failed")["ETag"] != read(caller, "jobs")["ETag"]


def test_another_tenants_state_is_not_told_by_a_tag(caller: Caller) -> None:
    job = make_job(make_tenant())
    assert read(caller, f"jobs/{job.pk}", "*").status_code == 404


def test_only_what_was_asked_for_is_told(caller: Caller) -> None:
    job = make_job(caller.tenant)
    assert read(caller, f"jobs/{job.pk}", fields="job_id,status").json() == {
        "job_id": str(job.pk),
        "status": "queued",
    }
    twice = caller.get(f"/api/ai/jobs/{job.pk}?fields=status&fields=row,status")
    assert twice.json() == {"status": "queued", "row": None}
    page = read(caller, "jobs", fields="status").json()
    assert page == {"results": [{"status": "queued"}], "next": None, "previous": None}


def test_the_next_page_tells_the_same_fields(caller: Caller) -> None:
    for _ in range(3):
        make_job(caller.tenant)
    page = read(caller, "jobs", fields="job_id", page_size=2).json()
    rows = caller.get(page["next"]).json()["results"]
    assert [row.keys() for row in rows] == [{"job_id"}]


@pytest.mark.parametrize("path", ["jobs/{}", "jobs"])
def test_an_unknown_field_is_refused_and_the_known_are_named(caller: Caller, path: str) -> None:
    found = read(caller, path.format(make_job(caller.tenant).pk), fields="status,stat\0us")
    assert found.status_code == 400
    (message,) = found.json()["errors"]["fields"]
    assert "'stat\\x00us'" in message
    assert "job_type" in message


def test_a_list_has_no_result_to_tell(caller: Caller) -> None:
    assert read(caller, "jobs", fields="result").status_code == 400


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    of_job=st.sets(st.sampled_from(sorted(shapes.Job.model_fields)), min_size=1),
    of_collection=st.sets(st.sampled_from(sorted(shapes.Collection.model_fields)), min_size=1),
    of_row=st.sets(st.sampled_from(sorted(shapes.JobSummary.model_fields)), min_size=1),
)
def test_what_is_told_is_a_part_of_the_whole(
    paths: list[str], caller: Caller, of_job: set[str], of_collection: set[str], of_row: set[str]
) -> None:
    for path, fields in zip(paths, (of_job, of_collection, of_row), strict=False):
        found = read(caller, path, fields=",".join(fields))
        part, whole = found.json(), read(caller, path)
        assert found["ETag"] == whole["ETag"]
        rows = zip(part["results"], whole.json()["results"], strict=True) if path == "jobs" else ()
        for one, of in [*rows] or [(part, whole.json())]:
            assert one.keys() == fields
            for name in fields - states.BY_THE_CLOCK:
                assert one[name] == of[name]


@pytest.mark.parametrize(
    "preference",
    [
        "return=minimal",
        'return="minimal"',
        "respond-async, Return = minimal",
        "handling=lenient; x=1, return=minimal; foo",
    ],
)
def test_who_wants_little_is_told_what_it_takes_to_go_on(caller: Caller, preference: str) -> None:
    found = caller.send("summarize", {"document_text": "a"}, headers={"prefer": preference})
    assert found.status_code == 202
    assert found["Preference-Applied"] == "return=minimal"
    assert "Prefer" in found["Vary"]
    assert found.json().keys() == {"job_id", "status"}


@pytest.mark.parametrize(
    "preference", ["", "return=representation", "minimal", "return=representation, return=minimal"]
)
def test_any_other_preference_changes_nothing(caller: Caller, preference: str) -> None:
    found = caller.send("summarize", {"document_text": "a"}, headers={"prefer": preference})
    assert "Preference-Applied" not in found.headers
    assert "message" in found.json()


def test_a_collection_is_told_by_its_id_and_counts(caller: Caller) -> None:
    found = caller.send("collections", ITEMS, headers=LITTLE).json()
    made = str(Collection.objects.get().pk)
    assert found == {"collection_id": made, "accepted": 1, "rejected_count": 1}


def test_an_action_that_is_done_says_nothing(caller: Caller) -> None:
    job = make_job(caller.tenant)
    done = caller.send(f"jobs/{job.pk}/cancel", headers=LITTLE)
    assert (done.status_code, done.content) == (204, b"")
    assert done["Preference-Applied"] == "return=minimal"
    again = caller.send(f"jobs/{job.pk}/retry", headers=LITTLE)
    assert (again.status_code, again.content) == (204, b"")
    refused = caller.send(f"jobs/{job.pk}/retry", headers=LITTLE)
    assert refused.status_code == 409
    assert refused.json()["detail"]


def test_counts_and_quotes_are_what_was_asked_for(caller: Caller) -> None:
    collection = collection_of(caller)
    canceled = caller.send(f"collections/{collection}/cancel", headers=LITTLE)
    assert canceled.json() == {"canceled": 1, "dropped": 0}
    quote = caller.send("summarize?quote=true", {"document_text": "a"}, headers=LITTLE)
    assert "jobs" in quote.json()
    confirmed = caller.send(f"quotes/{quote.json()['quote_id']}/confirm", headers=LITTLE)
    assert confirmed.json().keys() == {"job_id", "status"}


def test_a_repeated_key_is_answered_as_it_prefers_now(caller: Caller) -> None:
    body, key = {"document_text": "a"}, {"idempotency-key": "one"}
    whole = caller.send("summarize", body, headers=key).json()
    little = caller.send("summarize", body, headers=key | LITTLE).json()
    assert little == {name: whole[name] for name in ("job_id", "status")}
    assert caller.send("summarize", body, headers=key).json() == whole


def test_a_viewer_reads_in_parts_too(caller: Caller) -> None:
    job = make_job(caller.tenant)
    headers = {"authorization": f"Bearer {make_key(caller.tenant, 'viewer')}"}
    found = caller.get(f"/api/ai/jobs/{job.pk}", {"fields": "status"}, headers=headers)
    assert found.json() == {"status": "queued"}
