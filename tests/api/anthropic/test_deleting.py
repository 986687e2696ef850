"""DELETE of a batch that has ended."""

from aijobs.models import AIJob, Collection, JobDocument
from tests.api.anthropic.conftest import PATH, Program, requests_of


def test_a_batch_that_has_ended_is_erased(program: Program) -> None:
    made = program.create(requests_of("One.", "Two.")).json()["id"]
    program.post(f"{PATH}/{made}/cancel")

    response = program.delete(f"{PATH}/{made}")

    assert (response.status_code, response.json()) == (
        200,
        {"id": made, "type": "message_batch_deleted"},
    )
    assert program.read(made).status_code == 404
    assert program.get(PATH).json()["data"] == []
    assert not AIJob.objects.exists()
    assert not JobDocument.objects.exists()
    assert not Collection.objects.exists()


def test_a_batch_that_goes_on_is_not(program: Program) -> None:
    made = program.create(requests_of("One.")).json()["id"]

    response = program.delete(f"{PATH}/{made}")

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert AIJob.objects.get().status == "queued"


def test_a_deletion_that_is_sent_again_gets_the_same_answer(program: Program) -> None:
    made = program.create(requests_of("One.")).json()["id"]
    program.post(f"{PATH}/{made}/cancel")

    first, again = (
        program.delete(f"{PATH}/{made}", headers={"idempotency-key": "once"}) for _ in range(2)
    )

    assert again.status_code == 200
    assert again.json() == first.json()
