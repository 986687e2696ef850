"""Who loses an access is sent away at once: sockets, held answers, streams."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from citizenapp.tenants import access, ends, people
from citizenapp.tenants.models import APIKey, Membership, Role, Tenant, User
from tests.factories import make_job, make_key, make_tenant, make_user
from tests.live.ground import HOST, Live, heard, with_key, with_session
from tests.live.test_waiting import make_collection

# The road takes some hundredths of a second; the look each minute would take up to 60.
AT_ONCE = 10.0


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]


@pytest.fixture
def tenant(live: Live) -> Tenant:
    """With an owner, Olga, and a member, Ann."""
    made = make_tenant("Acme")
    make_user("olga", made, "owner")
    make_user("ann", made)
    return made


def ann() -> User:
    return User.objects.get(username="ann")


def remove(tenant: Tenant) -> None:
    olga = User.objects.get(username="olga")
    member = Membership.objects.get(tenant=tenant, user=ann())
    people.remove(tenant, member.pk, by=olga, now=timezone.now())


def change_role(tenant: Tenant) -> None:
    olga = User.objects.get(username="olga")
    member = Membership.objects.get(tenant=tenant, user=ann())
    people.change_role(tenant, member.pk, Role.VIEWER, by=olga, now=timezone.now())


def leave(tenant: Tenant) -> None:
    people.leave(tenant, ann(), now=timezone.now())


def deactivate(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)


def change_password(tenant: Tenant) -> None:
    user = ann()
    user.set_password("another")
    user.save()


def switch_off(tenant: Tenant) -> None:
    User.objects.filter(username="ann").update(is_active=False)


def sign_out(tenant: Tenant) -> None:
    for session in Session.objects.all():
        browser = Client()
        browser.cookies["sessionid"] = session.pk
        browser.post("/sign-out", headers={"host": HOST}, secure=True)


def revoke(tenant: Tenant) -> None:
    APIKey.objects.update(revoked=True)


def expire(tenant: Tenant) -> None:
    APIKey.objects.update(expiry_date=timezone.now() - timedelta(seconds=1))


def close_code(socket: ClientConnection) -> int | None:
    """The code with which the socket is closed; None where it has something to say first."""
    try:
        socket.recv(timeout=AT_ONCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0
    return None


@contextmanager
def closing(live: Live, headers: dict[str, str]) -> Iterator[list[int]]:
    """Whatever is done within closes the socket at once; brings the code."""
    codes: list[int] = []
    with live.connect(headers) as socket:
        assert heard(socket) == {"type": "resync"}
        yield codes
        began = time.monotonic()
        while (code := close_code(socket)) is None:
            pass
        assert time.monotonic() - began < AT_ONCE
        codes.append(code)


@pytest.mark.parametrize(
    "end", [remove, change_role, leave, deactivate, change_password, switch_off, sign_out]
)
def test_the_socket_of_a_person_is_closed_at_once(
    live: Live, tenant: Tenant, end: Callable[[Tenant], None]
) -> None:
    with closing(live, with_session(ann())) as codes:
        end(tenant)
    assert codes == [4401]


@pytest.mark.parametrize("end", [revoke, expire, deactivate])
def test_the_socket_of_a_key_is_closed_at_once(
    live: Live, tenant: Tenant, end: Callable[[Tenant], None]
) -> None:
    with closing(live, with_key(make_key(tenant))) as codes:
        end(tenant)
    assert codes == [4401]


def test_the_sockets_of_others_stay_open(live: Live, tenant: Tenant) -> None:
    olga = with_session(User.objects.get(username="olga"))
    key = with_key(make_key(tenant))
    with live.listening(olga) as hers, live.listening(key) as machine:
        with closing(live, with_session(ann())):
            remove(tenant)
        job = make_job(tenant)
        for socket in (hers, machine):
            while (told := heard(socket))["type"] != "job.changed":
                pass
            assert told["changes"][0]["job_id"] == str(job.pk)


def test_who_is_removed_from_one_workspace_goes_on_in_the_other(live: Live, tenant: Tenant) -> None:
    """The socket closes, since it told of the first; a new one tells of the other."""
    other = make_tenant("Zenith")
    Membership.objects.create(tenant=other, user=ann(), role="member")
    headers = with_session(ann())
    with closing(live, headers):
        remove(tenant)
    with live.listening(headers) as socket:
        job = make_job(other)
        assert heard(socket)["changes"][0]["job_id"] == str(job.pk)


def test_what_is_rolled_back_ends_nothing(live: Live, tenant: Tenant) -> None:
    with live.listening(with_session(ann())) as socket:
        with transaction.atomic():
            remove(tenant)
            transaction.set_rollback(True)
        job = make_job(tenant)
        assert heard(socket)["changes"][0]["job_id"] == str(job.pk)


def test_a_held_answer_is_a_refusal_at_once(live: Live, tenant: Tenant) -> None:
    job, key = make_job(tenant), make_key(tenant)
    with asking(live, with_key(key), f"jobs/{job.pk}?wait=30") as answer:
        revoke(tenant)
        found = answer.result(AT_ONCE)
    assert found.status_code == 401


def test_a_held_answer_goes_on_while_the_access_holds(live: Live, tenant: Tenant) -> None:
    """A notice is a hint: who hears it asks, and here nothing has ended."""
    job, key = make_job(tenant), make_key(tenant)
    with asking(live, with_key(key), f"jobs/{job.pk}?wait=30") as answer:
        APIKey.objects.update(expiry_date=timezone.now() + timedelta(days=1))
        time.sleep(0.5)
        assert not answer.done()
        revoke(tenant)
        assert answer.result(AT_ONCE).status_code == 401


@pytest.mark.parametrize("of", ["collection", "job"])
def test_a_stream_ends_at_once(live: Live, tenant: Tenant, of: str) -> None:
    collection, (job,) = make_collection(tenant, 1)
    path = f"collections/{collection.pk}/events" if of == "collection" else f"jobs/{job.pk}/stream"
    headers = {**with_key(make_key(tenant)), "X-Forwarded-Proto": "https"}
    with (
        _client(live) as client,
        client.stream("GET", f"http://{HOST}/api/ai/{path}", headers=headers) as found,
    ):
        pieces = found.iter_text()
        next(pieces)
        began = time.monotonic()
        revoke(tenant)
        rest = "".join(pieces)
    assert time.monotonic() - began < AT_ONCE
    assert "event: done" not in rest


@contextmanager
def asking(live: Live, headers: dict[str, str], path: str) -> "Iterator[Future[httpx2.Response]]":
    """An answer that is held by now."""
    headers = {**headers, "X-Forwarded-Proto": "https"}
    with _client(live) as client, ThreadPoolExecutor(1) as thread:
        # The first request of all waits for what is imported.
        client.get(f"http://{HOST}/api/ai/jobs?page_size=1", headers=headers)
        answer = thread.submit(client.get, f"http://{HOST}/api/ai/{path}", headers=headers)
        time.sleep(1)
        assert not answer.done(), answer.result().text
        yield answer


def _client(live: Live) -> httpx2.Client:
    transport = httpx2.HTTPTransport(uds=str(live.folder / "daphne.sock"))
    return httpx2.Client(transport=transport, timeout=40)


def test_notices_name_an_access_as_it_names_itself(tenant: Tenant) -> None:
    """The words of the triggers are those of ends.py, and tell no key of a session."""
    user = ann()
    browser = Client()
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    key = browser.cookies["sessionid"].value
    person = access.of_user(user, {})
    machine = access.of_key(make_key(tenant))
    assert person
    assert machine
    names = ends.of(person, key) | ends.of(machine, None)

    def told() -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {ends.CHANNEL}")
            for end in (remove, revoke, change_password, sign_out, deactivate):
                end(tenant)
            Session.objects.filter(pk=key).delete()
            cursor.execute(f"UNLISTEN {ends.CHANNEL}")
            link: Any = connection.connection
            return {one.payload for one in link.notifies(timeout=1)}

    found = told()
    assert names <= found
    assert not any(key in one for one in found)


def test_sessions_that_had_expired_tell_nothing(tenant: Tenant) -> None:
    """Many are deleted at once, and nobody has one of them open."""
    Client().force_login(ann(), "django.contrib.auth.backends.ModelBackend")
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {ends.CHANNEL}")
        Session.objects.all().delete()
        cursor.execute(f"UNLISTEN {ends.CHANNEL}")
        link: Any = connection.connection
        assert not list(link.notifies(timeout=1))
