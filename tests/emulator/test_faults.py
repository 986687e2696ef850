"""Faults as the SDK sees them, with its own retries off."""

import time
from itertools import islice
from typing import Any
from urllib.error import HTTPError

import anthropic
import httpx2
import pytest
from anthropic import Anthropic

from tests.emulator.requests import LEASE, call, connect, create, make_params, results
from tests.ground import Emulator


def created(emulator: Emulator) -> int:
    return int(emulator.stats()["batches_created"])


@pytest.mark.parametrize("orderly", [True, False])
@pytest.mark.parametrize(("when", "count"), [("early", 0), ("before", 0), ("after", 1)])
def test_a_connection_drops_before_or_after_the_batch_is_created(
    emulator: Emulator, client: Anthropic, when: str, count: int, orderly: bool
) -> None:
    emulator.order("create", "drop", when=when, orderly=orderly)
    with pytest.raises(anthropic.APIConnectionError):
        create(client)
    assert created(emulator) == count
    create(client)
    assert created(emulator) == count + 1


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 529]
)
def test_a_status_can_come_before_or_after_the_batch_is_created(
    emulator: Emulator, client: Anthropic, status: int
) -> None:
    for count, when in enumerate(("before", "after")):
        emulator.order("create", "status", status=status, when=when)
        with pytest.raises(anthropic.APIStatusError) as raised:
            create(client)
        assert raised.value.status_code == status
        assert created(emulator) == count


@pytest.mark.parametrize(
    ("status", "code", "raises"),
    [
        (429, "enforced_spend_limit_reached", anthropic.EnforcedSpendLimitReachedError),
        (429, "contract_spend_limit_reached", anthropic.ContractSpendLimitReachedError),
        (429, "ramp_limit_exceeded", anthropic.RampLimitExceededError),
        (400, "organization_on_hold", anthropic.OrganizationOnHoldError),
    ],
)
def test_an_error_code_names_the_cause(
    emulator: Emulator, client: Anthropic, status: int, code: str, raises: type[Exception]
) -> None:
    emulator.order("create", "status", status=status, error_code=code, retry_after_seconds=7)
    with pytest.raises(raises) as raised:
        create(client)
    assert isinstance(raised.value, anthropic.APIStatusError)
    assert raised.value.error_code == code
    assert raised.value.response.headers["retry-after"] == "7"


def test_the_sdks_own_retries_create_the_batch_again(emulator: Emulator) -> None:
    emulator.order("create", "drop", when="after")
    with connect(emulator) as client:
        create(client.with_options(max_retries=1))
    assert created(emulator) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_can_come_too_late(emulator: Emulator, client: Anthropic, when: str) -> None:
    emulator.order("create", "slow", when=when, seconds=3)
    with pytest.raises(anthropic.APITimeoutError):
        create(client.with_options(timeout=0.5))
    if when == "before":
        assert created(emulator) == 0
    deadline = time.monotonic() + 30
    while created(emulator) == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert created(emulator) == 1


def test_a_proxy_answers_200_with_html(emulator: Emulator, client: Anthropic) -> None:
    emulator.order("create", "html", when="after")
    assert isinstance(create(client), str)
    assert created(emulator) == 1


@pytest.mark.parametrize("at", ["list", "retrieve", "cancel", "results", "delete", "message"])
def test_every_call_can_fail(emulator: Emulator, client: Anthropic, at: str) -> None:
    batch = create(client)
    path = f"/v1/messages/batches/{batch.id}"
    calls: dict[str, tuple[str, str, Any]] = {
        "list": ("GET", "/v1/messages/batches", None),
        "retrieve": ("GET", path, None),
        "cancel": ("POST", f"{path}/cancel", None),
        "results": ("GET", f"{path}/results", None),
        "delete": ("DELETE", path, None),
        "message": ("POST", "/v1/messages", make_params()),
    }
    emulator.order(at, "status", status=404)
    assert call(emulator, *calls[at])[0] == 404
    assert call(emulator, *calls[at])[0] != 404


def test_a_get_can_fail_after_it_was_answered(emulator: Emulator, client: Anthropic) -> None:
    batch = create(client)
    emulator.order("results", "status", when="after", status=500)
    with pytest.raises(anthropic.InternalServerError):
        client.get(f"/v1/messages/batches/{batch.id}/results", cast_to=object)
    assert len(results(client, batch.id)) == 1


def test_all_rows_can_be_missing(emulator: Emulator, client: Anthropic) -> None:
    batch = create(client)
    emulator.order("results", "missing", rows=1)
    assert results(client, batch.id) == {}


@pytest.mark.parametrize("rows", [0, 3])
def test_a_result_stream_is_cut(emulator: Emulator, client: Anthropic, rows: int) -> None:
    batch = create(client, *[LEASE] * 10)
    emulator.order("results", "cut", rows=rows)
    stream = client.messages.batches.results(batch.id)
    assert len(list(islice(stream, rows))) == rows
    with pytest.raises(httpx2.TransportError):
        next(stream)
    assert len(results(client, batch.id)) == 10


def test_a_result_stream_ends_cleanly_within_a_line(emulator: Emulator, client: Anthropic) -> None:
    batch = create(client, *[LEASE] * 10)
    emulator.order("results", "half_line", rows=3)
    status, body = call(emulator, "GET", f"/v1/messages/batches/{batch.id}/results")
    assert status == 200
    lines = body.split(b"\n")
    assert len(lines) == 4
    assert not lines[-1].endswith(b"}")


@pytest.mark.parametrize(
    ("fault", "rows", "custom_ids"), [("missing", 8, 8), ("duplicate", 12, 10), ("foreign", 12, 12)]
)
def test_result_rows_do_not_add_up(
    emulator: Emulator, client: Anthropic, fault: str, rows: int, custom_ids: int
) -> None:
    batch = create(client, *[LEASE] * 10)
    emulator.order("results", fault, rows=2)
    seen = [row.custom_id for row in client.messages.batches.results(batch.id)]
    assert (len(seen), len(set(seen))) == (rows, custom_ids)
    assert client.messages.batches.retrieve(batch.id).request_counts.succeeded == 10


def test_new_batches_appear_in_the_list_late(emulator: Emulator, client: Anthropic) -> None:
    emulator.order("list", "lag", times=0, seconds=60)
    old = create(client)
    emulator.advance(61)
    new = create(client)
    assert [batch.id for batch in client.messages.batches.list()] == [old.id]
    assert client.messages.batches.retrieve(new.id).id == new.id
    emulator.control("DELETE", "faults")
    assert [batch.id for batch in client.messages.batches.list()] == [new.id, old.id]


def test_a_fault_lets_calls_pass_and_holds_a_number_of_times(
    emulator: Emulator, client: Anthropic
) -> None:
    emulator.order("any", "status", status=503, after_calls=1, times=2)
    create(client)
    for _ in range(2):
        with pytest.raises(anthropic.ServiceUnavailableError):
            client.messages.batches.list()
    create(client)
    assert emulator.control("GET", "faults") == []


@pytest.mark.parametrize(
    "order",
    [
        {"at": "create"},
        {"at": "somewhere", "fault": "drop"},
        {"at": "create", "fault": "cut"},
        {"at": "create", "fault": "status", "status": 200},
        {"at": "create", "fault": "drop", "times": -1},
        {"at": "create", "fault": "drop", "colour": "red"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    emulator: Emulator, order: dict[str, object]
) -> None:
    with pytest.raises(HTTPError, match="400") as raised:
        emulator.control("POST", "faults", order)
    raised.value.close()
    assert emulator.control("GET", "faults") == []
