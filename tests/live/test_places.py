"""A tenant has so many answers held in a process: waits, and streams of both kinds."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_key, make_tenant
from tests.live.ground import HOST, MOST_HELD, Live, with_key
from tests.live.test_waiting import Asker, make_collection


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]


def asker_of(live: Live, stack: ExitStack, tenant: Tenant) -> Asker:
    ask = Asker(live, make_key(tenant))
    stack.callback(ask.close)
    return ask


def opener(live: Live, stack: ExitStack, key: str) -> Callable[[str], httpx2.Response]:
    """Opens an answer that stays open until the stack is closed."""
    transport = httpx2.HTTPTransport(uds=str(live.folder / "daphne.sock"))
    headers = {**with_key(key), "X-Forwarded-Proto": "https"}
    client = stack.enter_context(httpx2.Client(transport=transport, headers=headers, timeout=60))

    def follow(path: str) -> httpx2.Response:
        return stack.enter_context(client.stream("GET", f"http://{HOST}/api/ai/{path}"))

    return follow


def test_what_is_beyond_the_limit_is_not_held(live: Live) -> None:
    tenant = make_tenant()
    collection, [job] = make_collection(tenant, 1)
    place, of_job = f"collections/{collection.pk}", f"jobs/{job.pk}/stream"
    with ExitStack() as asking:
        ask = asker_of(live, asking, tenant)
        with ExitStack() as stack:
            follow = opener(live, stack, make_key(tenant))
            held = ask.waiting(f"{place}?wait=30")
            streams = []  # One that nobody has any more is closed.
            for number in range(MOST_HELD - 1):
                found = follow(of_job if number % 2 else f"{place}/events")
                assert found.status_code == 200
                streams.append(found.iter_raw())
                next(streams[-1])
            for path in (of_job, f"{place}/events"):
                refused = follow(path)
                assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
                assert refused.headers["Content-Type"] == "application/problem+json"
            waited = ask.get(f"{place}?wait=30")
            assert (waited.status_code, waited.headers["CitizenApp-Waited"]) == (200, "not-here")
            assert waited.headers["Retry-After"] == "2"

            # Nobody else has less of it.
            other = make_tenant()
            theirs, jobs = make_collection(other, 1)
            others = asker_of(live, asking, other).waiting(f"collections/{theirs.pk}?wait=30")
            jobs[0].mark_canceled(NOW)
            assert others.result(20).status_code == 200

        # Those who went away have left their places.
        deadline = time.monotonic() + 60
        while ask.get(f"{place}?wait=1").headers["CitizenApp-Waited"] == "not-here":
            assert time.monotonic() < deadline
        job.mark_canceled(NOW)
        assert held.result(20).status_code == 200
