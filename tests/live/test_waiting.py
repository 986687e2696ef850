"""GET …?wait=30 is held until something changes, by daphne; gunicorn says that it cannot."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from django.db import connection
from django.test import Client

from aijobs.models import AIJob, Collection, Operation, new_id
from aijobs.pipeline import apply
from citizenapp.tenants.models import APIKey, Tenant
from tests.factories import NOW, make_job, make_key, make_tenant
from tests.live.ground import HOST, Live, with_key


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]


class Asker:
    """A program that waits, in a thread of its own."""

    def __init__(self, live: Live, key: str) -> None:
        transport = httpx2.HTTPTransport(uds=str(live.folder / "daphne.sock"))
        self._client = httpx2.Client(
            transport=transport,
            headers={**with_key(key), "X-Forwarded-Proto": "https"},
            base_url=f"http://{HOST}/api/ai/",
        )
        self._threads = ThreadPoolExecutor(10)
        self.get("jobs?page_size=1")  # The first request of all waits for what is imported.

    def get(self, path: str, *, known: str = "", timeout: float = 30) -> httpx2.Response:
        headers = {"If-None-Match": known} if known else {}
        return self._client.get(path, headers=headers, timeout=timeout)

    def waiting(self, path: str, seconds: float = 0.5) -> "Future[httpx2.Response]":
        """An answer that is held by now."""
        answer = self._threads.submit(self.get, path)
        time.sleep(seconds)
        assert not answer.done(), answer.result().text
        return answer

    def close(self) -> None:
        self._threads.shutdown()
        self._client.close()


@pytest.fixture
def asker(live: Live) -> Iterator[Callable[[Tenant], Asker]]:
    made: list[Asker] = []

    def make(tenant: Tenant) -> Asker:
        made.append(Asker(live, make_key(tenant)))
        return made[-1]

    yield make
    for one in made:
        one.close()


# Less than any of these waits lasts.
AT_ONCE = 10.0
Making = Callable[[Tenant], Asker]


def make_collection(tenant: Tenant, jobs: int) -> tuple[Collection, list[AIJob]]:
    collection = Collection.objects.create(
        id=new_id(NOW),
        tenant=tenant,
        name="policies",
        job_type="summarize",
        total=jobs,
        created_by="ann",
        created_at=NOW,
    )
    return collection, [make_job(tenant, collection=collection) for _ in range(jobs)]


def result_within(answer: "Future[httpx2.Response]", seconds: float) -> httpx2.Response:
    began = time.monotonic()
    found = answer.result(25)
    assert time.monotonic() - began < seconds
    return found


def test_an_answer_is_held_until_the_job_changes(asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    answer = ask.waiting(f"jobs/{job.pk}?wait=20", 2)
    job.mark_canceled(NOW)
    found = result_within(answer, AT_ONCE)
    assert (found.status_code, found.json()["status"]) == (200, "canceled")
    assert 0.3 < float(found.headers["CitizenApp-Waited"]) < AT_ONCE
    assert found.headers["ETag"] == ask.get(f"jobs/{job.pk}").headers["ETag"]


def test_a_held_answer_says_how_many_calls_are_left(asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    at_once = ask.get(f"jobs/{job.pk}")
    held = ask.get(f"jobs/{job.pk}?wait=1")
    unchanged = ask.get(f"jobs/{job.pk}?wait=1", known=held.headers["ETag"])
    assert (held.status_code, unchanged.status_code) == (200, 304)
    for answer in (held, unchanged):
        assert float(answer.headers["CitizenApp-Waited"]) > 0.9
        assert answer.headers["RateLimit-Policy"] == at_once.headers["RateLimit-Policy"]
        assert answer.headers.get_list("RateLimit")[0].startswith('"tenant";r=')
        assert len(answer.headers.get_list("RateLimit")) == 1


def test_what_has_ended_is_answered_at_once(asker: Making) -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    job.mark_canceled(NOW)
    ask = asker(tenant)
    began = time.monotonic()
    first = ask.get(f"jobs/{job.pk}?wait=20")
    again = ask.get(f"jobs/{job.pk}?wait=20", known=first.headers["ETag"])
    assert time.monotonic() - began < AT_ONCE
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_who_knows_an_older_state_is_told_at_once(asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    old = ask.get(f"jobs/{job.pk}").headers["ETag"]
    AIJob.objects.filter(pk=job.pk).update(attempts=1)
    began = time.monotonic()
    found = ask.get(f"jobs/{job.pk}?wait=20", known=old)
    assert (found.status_code, found.json()["attempts"]) == (200, 1)
    assert time.monotonic() - began < AT_ONCE


def test_the_wait_ends_with_the_state_as_it_is(asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    plain = ask.get(f"jobs/{job.pk}?wait=1")
    known = ask.get(f"jobs/{job.pk}?wait=1", known=plain.headers["ETag"])
    assert (plain.status_code, plain.json()["status"]) == (200, "queued")
    assert (known.status_code, known.content) == (304, b"")
    assert float(known.headers["CitizenApp-Waited"]) >= 1


def test_what_changes_without_a_notice_is_told_at_the_end(asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    answer = ask.waiting(f"jobs/{job.pk}?wait=6")
    AIJob.objects.filter(pk=job.pk).update(attempts=1)
    assert answer.result(20).json()["attempts"] == 1


def test_a_collection_is_told_once_a_job_of_it_moves(asker: Making) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 3)
    other, theirs = make_collection(tenant, 1)
    ask = asker(tenant)
    answer = ask.waiting(f"collections/{collection.pk}?wait=20")
    theirs[0].mark_canceled(NOW)  # It concerns the other one.
    time.sleep(0.5)
    assert not answer.done()
    jobs[0].mark_canceled(NOW)
    counts = result_within(answer, AT_ONCE).json()["counts"]
    assert (counts["queued"], counts["canceled"]) == (2, 1)
    assert ask.get(f"collections/{other.pk}?wait=20").json()["counts"]["canceled"] == 1


def test_a_mass_of_changes_that_names_no_job_is_noticed_too(asker: Making) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 60)
    ask = asker(tenant)
    of_job = ask.waiting(f"jobs/{jobs[-1].pk}?wait=20", 0.1)
    of_collection = ask.waiting(f"collections/{collection.pk}?wait=20")
    AIJob.objects.filter(tenant=tenant).update(status="canceled", finished_at=NOW)
    assert result_within(of_job, AT_ONCE).json()["status"] == "canceled"
    assert result_within(of_collection, AT_ONCE).json()["counts"]["canceled"] == 60


def test_a_change_while_valkey_is_away_is_told_once_it_is_back(live: Live, asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    answer = ask.waiting(f"jobs/{job.pk}?wait=25")
    with live.broker_away():
        job.mark_canceled(NOW)
    assert result_within(answer, 20).json()["status"] == "canceled"


def test_a_change_while_valkey_stays_away_is_told_at_the_end(live: Live, asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    with live.broker_away():
        answer = ask.waiting(f"jobs/{job.pk}?wait=8", 5)
        job.mark_canceled(NOW)
        assert result_within(answer, AT_ONCE).json()["status"] == "canceled"


def test_another_tenants_job_is_not_waited_for(asker: Making) -> None:
    job = make_job(make_tenant())
    began = time.monotonic()
    found = asker(make_tenant()).get(f"jobs/{job.pk}?wait=20")
    assert (found.status_code, found.json()["type"]) == (404, "/problems/not-found")
    assert time.monotonic() - began < AT_ONCE


def test_a_key_that_is_revoked_meanwhile_is_refused(asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    answer = ask.waiting(f"jobs/{job.pk}?wait=20")
    APIKey.objects.update(revoked=True)
    job.mark_canceled(NOW)
    assert result_within(answer, AT_ONCE).status_code == 401


def test_a_job_that_is_gone_meanwhile_is_not_found(asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    answer = ask.waiting(f"jobs/{job.pk}?wait=6")
    AIJob.objects.filter(pk=job.pk).delete()
    assert answer.result(20).status_code == 404


def backends() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        count: int = cursor.fetchone()[0]
    return count


def transactions() -> int:
    """So many have ended in this database. Each statement of a request that reads is one."""
    time.sleep(1.5)  # PostgreSQL counts them with a delay.
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        count: int = cursor.fetchone()[0]
    return count


def test_those_who_wait_hold_no_connection_and_no_thread(live: Live, asker: Making) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 2)
    ask = asker(tenant)
    ask.get("jobs?page_size=1")
    before, threads = backends(), live.threads("daphne")
    answers = [ask.waiting(f"collections/{collection.pk}?wait=20", 0.05) for _ in range(8)]
    deadline = time.monotonic() + 30
    # One thread looks for all of them.
    while backends() > before or live.threads("daphne") > threads + 1:
        assert time.monotonic() < deadline, (backends(), before, live.threads("daphne"), threads)
        time.sleep(0.1)
    jobs[0].mark_canceled(NOW)
    assert {answer.result(20).json()["counts"]["canceled"] for answer in answers} == {1}


def test_many_who_wait_for_the_same_are_answered_by_one_reading(live: Live, asker: Making) -> None:
    tenant = make_tenant()
    collection, jobs = make_collection(tenant, 2)
    path = f"collections/{collection.pk}?wait=20"
    ask = asker(tenant)
    before = transactions()
    ask.get(f"collections/{collection.pk}")
    of_one_reading = transactions() - before
    answers = [ask.waiting(path, 0.05) for _ in range(10)]
    before = transactions()
    jobs[0].mark_canceled(NOW)
    for answer in answers:
        assert answer.result(20).json()["counts"]["canceled"] == 1
    # The move, a look or two, and what one answer takes; the counting itself takes a few.
    assert transactions() - before < of_one_reading + 10 < 3 * of_one_reading


def test_a_client_that_goes_away_is_forgotten(live: Live, asker: Making) -> None:
    tenant = make_tenant()
    job, ask = make_job(tenant), asker(tenant)
    with pytest.raises(httpx2.ReadTimeout):
        ask.get(f"jobs/{job.pk}?wait=20", timeout=0.5)
    answer = ask.waiting(f"jobs/{job.pk}?wait=20")
    job.mark_canceled(NOW)
    assert result_within(answer, AT_ONCE).json()["status"] == "canceled"
    assert "Traceback" not in live.log("daphne")


def test_a_server_that_cannot_hold_it_answers_at_once_and_says_so(db: None) -> None:
    tenant = make_tenant()
    job = make_job(tenant)
    client = Client(headers={"Host": HOST, **with_key(make_key(tenant))})
    found = client.get(f"/api/ai/jobs/{job.pk}?wait=20")
    assert (found.status_code, found["CitizenApp-Waited"]) == (200, "not-here")
    assert found["Retry-After"] == "2"
    known = {"If-None-Match": found["ETag"]}
    again = client.get(f"/api/ai/jobs/{job.pk}?wait=20", headers=known)
    assert (again.status_code, again["CitizenApp-Waited"]) == (304, "not-here")


@pytest.mark.parametrize("wait", ["61", "-1", "1.5", "soon"])
def test_a_wait_that_is_none_is_refused(asker: Making, wait: str) -> None:
    tenant = make_tenant()
    found = asker(tenant).get(f"jobs/{make_job(tenant).pk}?wait={wait}")
    assert found.status_code == 400
    assert [*found.json()["errors"]] == ["wait"]


def test_an_operation_is_told_once_it_has_come_further(asker: Making) -> None:
    tenant = make_tenant()
    jobs = [make_job(tenant) for _ in range(3)]
    operation = apply.ask(
        tenant, Operation.Kind.CANCEL, AIJob.objects.of(tenant), by="ann", now=NOW
    )
    answer = asker(tenant).waiting(f"operations/{operation.pk}?wait=20")
    apply.carry_out(operation, NOW)
    found = result_within(answer, AT_ONCE).json()
    assert (found["status"], found["changed"]) == ("completed", len(jobs))
