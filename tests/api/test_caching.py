"""A collection of which one job goes first, as the API tells of it."""

from typing import Any

import pytest

from aijobs.models import FOR_A_PERSON, AIJob, Seeding
from tests.api.conftest import Caller
from tests.pipeline.seeded import QUESTIONS


@pytest.fixture
def address(caller: Caller, settings: Any) -> str:
    settings.AIJOBS_CACHE_CENTS = 0
    body = {
        "name": "Policies",
        "job_type": "analyze",
        "defaults": {"questions": QUESTIONS},
        "items": [{"document_text": f"Policy {n} covers hail."} for n in range(4)],
    }
    return f"collections/{caller.send('collections', body).json()['collection_id']}"


def test_what_was_planned_is_told(caller: Caller, address: str) -> None:
    told = caller.read(address).json()["caching"]
    assert (told["state"], told["rows"]) == ("waiting", 4)
    assert "The others follow when it has ended." in told["message"]
    assert float(told["without_usd"]) > float(told["predicted_saving_usd"]) > 0
    assert told["saved_usd"] == "0.0000000000"
    assert told["until"]


def test_a_collection_whose_jobs_share_little_says_nothing_of_it(caller: Caller) -> None:
    body = {"name": "c", "job_type": "summarize", "items": [{"text": "x"}]}
    collection = caller.send("collections", body).json()["collection_id"]
    assert caller.read(f"collections/{collection}").json()["caching"] is None


def test_held_jobs_are_let_go(caller: Caller, address: str) -> None:
    note = "The job that went first failed: Claude declined to answer."
    Seeding.objects.update(state="refused", note=note)
    AIJob.objects.exclude(pk=Seeding.objects.get().job_id).hold(FOR_A_PERSON)
    told = caller.read(address).json()
    assert (told["caching"]["state"], told["eta"], told["caching"]["until"]) == (
        *("refused", None),
        None,
    )
    assert told["caching"]["message"].startswith(note)
    answer = caller.send(f"{address}/continue")
    assert (answer.status_code, answer.json()) == (200, {"continued": 3})
    assert not AIJob.objects.filter(not_before=FOR_A_PERSON).exists()
    assert caller.send(f"{address}/continue").json() == {"continued": 0}
    assert caller.read(address).json()["caching"]["state"] == "cold"


def test_who_may_only_read_lets_nothing_go(caller: Caller, address: str) -> None:
    reader = Caller(caller.tenant, "viewer")
    assert reader.send(f"{address}/continue").status_code == 403
