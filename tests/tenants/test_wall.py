"""A world with two tenants looks to each as if the other were not there.

Over every address, with every value of every parameter that is documented, and every pair of
parameters: the answer before a second tenant with equal belongings came, and the answer after, are
the same.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from aijobs import jobtypes
from aijobs.api.anthropic.shapes import id_of
from aijobs.api.idempotency import HEADER
from tests.addresses import OF_TENANTS, Address, queries
from tests.factories import NOW, OPTIONS
from tests.tenants.belongings import KINDS, LIFE, STOP_TOKEN, Batches, Belongings

pytestmark = pytest.mark.django_db

# Differ from one moment to the next. When something is expected also depends on all that waits, for
# tenants share batches.
FLEETING = re.compile(
    rb'name="(?:csrfmiddlewaretoken|once)" value="\w+"|data-options="[^"]+"'
    rb'|"(?:from|to|eta_from|eta)":"[^"]+"|<span class="by"[^>]*>.{,200}?</span>'
    rb'|Expected .{,300}? at the latest\.|"request_id": "req_\w+"'
)
# An export reads by a connection of its own, which sees nothing of a test that is not committed:
# tests/api/test_export.py. The audit tells that I have asked, and is another each time. Each
# browser of a test is a session more: tests/tenants/test_sessions.py.
OTHERWISE = re.compile("/export$|/audit|/settings/sessions$")
COMPARED = [one for one in OF_TENANTS if not OTHERWISE.search(one.path)]
AUDIT = [one for one in OF_TENANTS if "/audit" in one.path]
WITH_IDS = [one for one in OF_TENANTS if one.variables]
ONCE = [
    (address, method)
    for address in OF_TENANTS
    for method, operation in address.operations.items()
    if HEADER in {one["name"] for one in operation.get("parameters", [])}
]

# What parameters may be that hold any text.
TEXTS = {
    "reference": ["POL-1"],
    "search": ["POL-1", "Letter"],
    "by": ["ann", "test"],
    "columns": ["0"],
    "was": ["motor"],
    "now": ["home"],
    "category": ["motor"],
    "reason": ["api_error", "invalid_output"],
    "month": ["2026-11", "2026-10"],
    "model": ["claude-opus-5-5"],
    "who": ["owner-of-acme", "owner-of-other"],
    "tag": ["urgent"],
    "q": ["letter", "POL-1"],
    "list": ["status=failed", "job_type=summarize"],
    "then": ["/collections/"],
    "at": ["1.part-2", "quote-1"],
}
MOMENTS = (
    "finished_at", "not_before", "erasing_since", "withdrawn_at", "asked_again", "dropped_at",
)  # fmt: skip
METHODS = ("post", "put", "patch", "delete")

Answer = tuple[int, str | None, bytes]


class World:
    """Mine are there, if I have any. Theirs are not yet, but their ids are known."""

    def __init__(self, *, is_new: bool = False) -> None:
        self.batches = Batches()
        self.mine = Belongings("acme")
        self.theirs = Belongings("other", timedelta(milliseconds=500))
        if is_new:
            self.mine.sign_up()
        else:
            self.mine.store(self.batches)

    def add_the_other_tenant(self) -> None:
        self.theirs.store(self.batches)

    def client(self, address: Address) -> Client:
        if address.is_anthropic_s:
            return self.mine.program()
        return self.mine.machine() if address.is_api else self.mine.browser()

    @property
    def variables(self) -> dict[str, list[str]]:
        mine, theirs = self.mine, self.theirs
        return {
            "job_id": [str(whose.job_that(life)) for whose in (mine, theirs) for life in LIFE],
            "collection_id": [str(mine.collection), str(theirs.collection)],
            "key_id": [mine.key, theirs.key],
            "invitation_id": [str(mine.invitation), str(theirs.invitation)],
            "member_id": [str(mine.member), str(theirs.member)],
            # Whoever knows one may open it, from whatever tenant.
            "token": ["no-such-token"],
            "quote_id": [str(mine.quote), str(theirs.quote)],
            "set_id": [str(mine.categories), str(theirs.categories)],
            "operation_id": [str(mine.operation), str(theirs.operation)],
            "batch_id": self.message_batches,
            "upload_id": [str(mine.upload), str(theirs.upload)],
            "webhook_id": [str(mine.webhook), str(theirs.webhook)],
            "delivery_id": [str(mine.delivery), str(theirs.delivery)],
            "session_id": [str(mine.row), str(theirs.row)],
            "pk": [str(mine.row), str(theirs.row)],
            "uidb36": ["1"],
            "key": ["nonsense"],
            "view_id": [str(mine.view), str(theirs.view)],
            "name": ["not-found"],
            "stop_token": [STOP_TOKEN],
            "guide_name": ["errors"],
            "subject": ["jobs"],
            "sample": ["policy.txt"],
            "job_type": list(KINDS),
        }

    @property
    def message_batches(self) -> list[str]:
        whose = (self.mine, self.theirs)
        return [id_of(one) for each in whose for one in (each.messages, each.ended_messages)]

    def values(  # noqa: PLR0911, PLR0912 - one for each kind
        self, name: str, schema: Mapping[str, Any]
    ) -> Sequence[str]:
        """All that a parameter may be where that can be counted, else some of each kind."""
        schema = next((one for one in schema.get("anyOf", []) if one["type"] != "null"), schema)
        jobs = [self.mine.in_the_middle, self.theirs.in_the_middle]
        match schema:
            case {"enum": values}:
                return list(values)
            case {"const": value}:
                return [value]
            case {"type": "array", "items": {"enum": values}}:
                return [*values, ",".join(values)]
            case {"format": "uuid"} if name == "collection":
                return [str(self.mine.collection), str(self.theirs.collection)]
            case {"format": "uuid"}:
                return [str(job) for job in jobs]
            case {"format": "date-time"}:
                return [(NOW + timedelta(seconds=len(self.mine.jobs) // 2)).isoformat()]
            case {"format": "date"}:
                return [NOW.date().isoformat(), "2026-12-01"]
            case {"format": "usd"}:
                return ["0.1"]
            case {"type": "array", "items": {"format": "uuid"}}:
                return [",".join(map(str, jobs))]
            case {"format": "share"}:
                return ["0", "0.65"]
            case {"type": "integer", "minimum": least, "maximum": most}:
                return [str(least), str(most)]
            case {"type": "boolean"}:
                return ["true", "false"]
            case _ if name in ("after_id", "before_id"):
                return self.message_batches
            case _ if name in TEXTS:
                return TEXTS[name]
            case _ if name == "cursor":
                return [f"{way}.{job.hex}" for way in ("older", "newer") for job in jobs]
        raise AssertionError(f"Say what {name} may be: {schema}")


def answers(world: World, address: Address) -> dict[str, Answer]:
    """What I am told, by what I ask."""
    client = world.client(address)
    values = {name: world.values(name, schema) for name, schema in address.parameters.items()}
    return {
        f"{path} {query}": answer_of(client.get(path, query))
        for path in address.filled(world.variables)
        for query in queries(values)
    }


def answer_of(response: Any) -> Answer:
    body = b"".join(response) if response.streaming else response.content
    return response.status_code, response.get("Location"), FLEETING.sub(b"", body)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("address", COMPARED, ids=str)
def test_a_second_tenant_changes_no_answer(address: Address) -> None:
    world = World()
    before = answers(world, address)
    world.add_the_other_tenant()
    after = answers(world, address)
    for question, answer in before.items():
        assert after[question] == answer, question


@pytest.mark.parametrize("address", [one for one in COMPARED if not one.variables], ids=str)
def test_a_tenant_that_has_nothing_yet_is_shown_nothing(address: Address) -> None:
    world = World(is_new=True)
    before = answer_of(world.client(address).get(address.path))
    world.add_the_other_tenant()
    assert answer_of(world.client(address).get(address.path)) == before


@pytest.mark.parametrize("address", AUDIT, ids=str)
def test_the_audit_of_a_tenant_tells_nothing_of_another(address: Address) -> None:
    world = World()
    world.add_the_other_tenant()
    world.theirs.browser().post("/settings/repeats", {"repeat_days": "7"})
    client = world.client(address)
    values = {name: world.values(name, schema) for name, schema in address.parameters.items()}
    values["who"] = ["owner-of-acme"]
    told = [answer_of(client.get(address.path, query))[2] for query in queries(values)]
    assert any(b"owner-of-acme" in one for one in told)
    assert not any(b"of-other" in one for one in told)


def outcomes(world: World, address: Address) -> dict[str, tuple[int, list[dict[str, Any]]]]:
    """What my actions answer and make of my rows, each taken back. Theirs stay as they are."""
    client, theirs = world.client(address), world.theirs.rows()
    found = {}
    for path, method in product(address.filled(world.variables), METHODS):
        with undone():
            status = getattr(client, method)(path).status_code
            rows = [
                row | dict.fromkeys(MOMENTS) | {"is_hidden": row.get("erasing_since") is not None}
                for row in world.mine.rows()
            ]
            found[f"{method} {path}"] = (status, rows)
            assert world.theirs.rows() == theirs
    return found


@pytest.mark.parametrize("address", WITH_IDS, ids=str)
def test_a_second_tenant_changes_no_action_and_is_changed_by_none(address: Address) -> None:
    world = World()
    alone = outcomes(world, address)
    world.add_the_other_tenant()
    assert outcomes(world, address) == alone


@pytest.mark.parametrize("address", WITH_IDS, ids=str)
def test_what_is_mine_is_there_and_what_is_theirs_is_not(address: Address) -> None:
    world = World()
    world.add_the_other_tenant()
    client = world.client(address)
    mine, theirs = world.mine, world.theirs
    for whose in (mine, theirs):
        done = "completed" if address.path.endswith("/result") else "failed"
        is_open = address.path.endswith("/cancel")
        rows = {
            "batch_id": [id_of(whose.messages if is_open else whose.ended_messages)],
            "job_id": [str(whose.job_that(done))],
            "collection_id": [str(whose.collection)],
            "key_id": [whose.key],
            "invitation_id": [str(whose.invitation)],
            "member_id": [str(whose.member)],
            "token": [whose.token],
            "quote_id": [str(whose.quote)],
            "set_id": [str(whose.categories)],
            "operation_id": [str(whose.operation)],
            "upload_id": [str(whose.upload)],
            "webhook_id": [str(whose.webhook)],
            "delivery_id": [str(whose.delivery)],
            "session_id": [str(whose.row)],
            "pk": [str(whose.row)],
            "uidb36": ["1"],
            "key": ["nonsense"],
            "guide_name": ["errors"],
            "subject": ["jobs"],
            "stop_token": [STOP_TOKEN],
            "view_id": [str(whose.view)],
            "name": ["not-found"],
            "sample": ["policy.txt"],
            "job_type": [KINDS[0]],
        }
        [path] = address.filled(rows)
        found = {client.get(path).status_code, client.post(path).status_code} - {405}
        ids = {"batch_id", "job_id", "collection_id", "key_id", "quote_id", "operation_id"}
        ids |= {"webhook_id", "delivery_id", "invitation_id", "member_id", "session_id", "pk"}
        ids |= {"set_id", "upload_id", "view_id"}
        is_everybody_s = not ids & set(address.variables)
        # A span of time has to be named, in JSON.
        lacks_something = {415} if address.path.endswith("webhook_id>/replay") else set()
        if address.path.endswith(("webhook_id>/change", "key_id>/roll", "_id>/again")):
            lacks_something = {422}
        is_there = whose is mine or is_everybody_s
        # 501: it is there, but WSGI cannot stream what has not ended.
        expected = {200, 202, 204, 302, 409, 501, *lacks_something} if is_there else {404}
        assert found
        assert found <= expected


def request_of(address: Address, method: str, whose: Belongings) -> tuple[str, str, dict[str, Any]]:
    """An address that takes an Idempotency-Key, and a body that does something there."""
    path, body = _asked(address, whose)
    return method, path, body


def _asked(address: Address, whose: Belongings) -> tuple[str, dict[str, Any]]:
    job = whose.job_that("queued" if address.path.endswith("cancel") else "failed")
    ids = {
        "job_id": [str(job)],
        "collection_id": [str(whose.collection)],
        "quote_id": [str(whose.quote)],
        "webhook_id": [str(whose.webhook)],
        "delivery_id": [str(whose.delivery)],
    }
    [path] = address.filled(ids)
    if address.variables:
        is_span = path.endswith(f"{whose.webhook}/replay")
        return path, {"from": NOW.isoformat()} if is_span else {}
    if "/jobs/" in path:
        return path, {"ids": [str(job)]} | ({"tag": "urgent"} if path.endswith("tag") else {})
    if path.endswith("webhooks"):
        return path, {"url": "https://example.com/", "events": ["job.failed"]}
    name = path.rpartition("/")[2]
    if name == "collections":
        item = {"document_text": "A text."} | OPTIONS[KINDS[0]]
        return path, {"name": "Policies", "job_type": KINDS[0], "items": [item]}
    return path, {"document_text": "A text."} | OPTIONS[name]


def send(client: Client, request: tuple[str, str, dict[str, Any]]) -> Any:
    method, path, body = request
    return client.generic(
        method.upper(),
        path,
        json.dumps(body),
        content_type="application/json",
        headers={HEADER: "order-1"},
    )


@pytest.mark.parametrize(("address", "method"), ONCE, ids=str)
def test_two_tenants_with_one_idempotency_key_get_each_their_own_answer(
    address: Address, method: str
) -> None:
    world = World()
    world.add_the_other_tenant()
    both = [world.theirs, world.mine]
    clients = [whose.machine() for whose in both]
    requests = [request_of(address, method, whose) for whose in both]

    first = [send(client, one) for client, one in zip(clients, requests, strict=True)]
    again = [send(client, one) for client, one in zip(clients, requests, strict=True)]

    assert not [one for one in first if "Idempotency-Replayed" in one or one.status_code >= 300]
    assert all("Idempotency-Replayed" in one for one in again)
    assert [one.status_code for one in again] == [one.status_code for one in first]
    assert [one.content for one in again] == [one.content for one in first]
    if "collection" not in address.path or not address.variables:  # Else it tells a number alone.
        assert first[0].content != first[1].content or first[0].status_code == 204


@pytest.mark.parametrize(("address", "method"), ONCE, ids=str)
def test_an_idempotency_key_of_somebody_else_is_a_new_one(address: Address, method: str) -> None:
    world = World()
    world.add_the_other_tenant()
    mine = world.mine.machine()
    other_kind = next(one for one in ONCE if one[0] is not address)
    send(world.theirs.machine(), request_of(address, method, world.theirs))

    assert send(mine, ("post", "/api/ai/summarize", {})).status_code == 400
    used = send(mine, request_of(*other_kind, world.mine))
    assert used.status_code < 300
    assert "Idempotency-Replayed" not in used


def test_what_is_compared_has_something_to_compare() -> None:
    """Each status, each kind and the counts are there, so that a filter left out would show."""
    world = World()
    world.add_the_other_tenant()
    machine, browser = world.mine.machine(), world.mine.browser()
    listed = machine.get("/api/ai/jobs", {"page_size": 100}).json()["results"]
    assert {one["status"] for one in listed} == {
        "queued", "submitted", "processing", "completed", "failed", "canceled",
    }  # fmt: skip
    assert {one["job_type"] for one in listed} == set(KINDS)
    assert len(listed) == len(world.mine.jobs)
    shown = browser.get("/").context
    assert all(tab.count for tab in shown["tabs"])
    assert shown["month"].cost > 0
    assert len(ONCE) == len(jobtypes.offered()) + 20
    assert {name for one in OF_TENANTS for name in one.parameters} >= {
        "status", "collection", "cursor", "as", "group_by", "from", "before", "after", "days",
    }  # fmt: skip
