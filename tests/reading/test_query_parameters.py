"""What is empty filters nothing, and what is nonsense is refused: every parameter there is."""

import re
from collections.abc import Iterator
from itertools import product

import pytest

from tests.addresses import OF_TENANTS, Address
from tests.tenants.test_wall import World, answer_of, undone

pytestmark = pytest.mark.django_db

# Links to other pages repeat the parameters of this one; what is expected moves with the clock.
NOT_COMPARED = re.compile(
    rb'(?:href|name="(?:then|next)" value)="[^"]*"|<time.*?</time>', re.DOTALL
)
# The entry that a download writes is another each time.
FLEETING = re.compile(rb"[^\n]*audit\.exported[^\n]*\n")
NONSENSE = ["nonsense", "\0", " ", "0", "-1", "\U0001f600", "9" * 5_000]
# What is nonsense elsewhere, and may be meant here.
TEXT = {"nonsense", " ", "0", "-1", "\U0001f600"}
POSSIBLE = dict.fromkeys(
    ("reference", "category", "reason", "search", "by", "was", "now", "who", "tag", "list"), TEXT
) | {
    "bom": {"0"},
    "columns": {"0"},
    "details": {"0"},
    "example": {"0"},
    "batch_share": {"0"},
    "cache_hit": {"0"},
    "original": {"0"},
    "fields": {" "},
    "wait": {"0"},
    "q": TEXT - {" ", "\U0001f600"},
    "cost_from": {"0"},
    "cost_to": {"0"},
}
TWO_WAYS = [one for one in OF_TENANTS if {"before", "after"} <= one.parameters.keys()]
PARAMETERS = [(address, name) for address in OF_TENANTS for name in address.parameters]


@pytest.fixture
def world() -> World:
    return World()


def paths(world: World, address: Address) -> Iterator[str]:
    rows = world.mine
    mine = {
        "collection_id": [str(rows.collection)],
        # Only what is done has a result to download.
        "job_id": [str(rows.job_that("completed") if "/result" in address.path else rows.jobs[0])],
        "operation_id": [str(rows.operation)],
        "view_id": [str(rows.view)],
        "webhook_id": [str(rows.webhook)],
        "delivery_id": [str(rows.delivery)],
    }
    yield from address.filled(world.variables | mine)


@pytest.mark.parametrize(("address", "name"), PARAMETERS, ids=str)
def test_an_empty_parameter_is_as_good_as_none(world: World, address: Address, name: str) -> None:
    client = world.client(address)
    for path in paths(world, address):
        answers = []
        for query in ({}, {name: ""}):
            with undone():  # The audit tells of downloads, also of its own.
                answers.append(answer_of(client.get(path, query)))
        assert [status for status, *_ in answers] == [200, 200]
        bodies = [FLEETING.sub(b"", NOT_COMPARED.sub(b"", body)) for *_, body in answers]
        assert bodies[0] == bodies[1]


@pytest.mark.parametrize(("address", "name"), PARAMETERS, ids=str)
def test_nonsense_is_a_400_that_names_the_parameter(
    world: World, address: Address, name: str
) -> None:
    client = world.client(address)
    nonsense = [value for value in NONSENSE if value not in POSSIBLE.get(name, ())]
    for path, value in product(paths(world, address), nonsense):
        response = client.get(path, {name: value})
        assert response.status_code == 400
        if address.is_api:
            assert response["Content-Type"] == "application/problem+json"
            assert list(response.json()["errors"]) == [name]
        elif address.is_anthropic_s:
            assert response.json()["error"]["message"].startswith(f"{name}: ")
        else:
            page = response.content.decode()
            assert f"<code>{name}</code>: " in page
            assert value not in page or len(value) < 3


@pytest.mark.parametrize("address", TWO_WAYS, ids=str)
def test_a_page_both_older_and_newer_is_refused(world: World, address: Address) -> None:
    job = str(world.mine.jobs[0])
    for path in paths(world, address):
        response = world.client(address).get(path, {"before": job, "after": job})
        assert "<code>after</code>: Give either this or before." in response.content.decode()
        assert response.status_code == 400
