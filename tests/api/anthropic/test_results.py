import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from aijobs.models import AIJob, Collection, JobAttempt, JobOutput, LedgerEntry
from aijobs.pipeline import assemble, dispatch, poll, settle, sweep
from tests.api.anthropic.conftest import Program, asking, requests_of
from tests.factories import NOW, make_key, make_user
from tests.ground import Emulator
from tests.pipeline.steps import at

MINUTE = timedelta(minutes=1)
MARKUP = "<script>alert(1)</script>"


def bring_back(rounds: int = 1) -> None:
    """Let the stages run until there are results."""
    now = timezone.now() + 10 * MINUTE
    for _ in range(rounds):
        assemble.run(now)
        dispatch.run(now, at(now))
        poll.run(now + MINUTE)
        settle.run(now + MINUTE)
        now += 10 * MINUTE


def test_a_message_comes_back_whole_whatever_it_says(program: Program, emulator: Emulator) -> None:
    marks = ["", "refusal", "max_tokens", "extra_blocks", "empty", "stop_sequence"]
    texts = [f"Hail is covered. [[emulate:{mark}]]" if mark else "Hail." for mark in marks]
    name = program.create(requests_of(*texts)).json()["id"]
    bring_back()
    rows = program.rows(name)
    assert {row["type"] for row in rows.values()} == {"succeeded"}
    stops = {custom_id: row["message"]["stop_reason"] for custom_id, row in rows.items()}
    assert (stops["r1"], stops["r2"]) == ("refusal", "max_tokens")
    assert rows["r4"]["message"]["content"] == []
    assert [one["type"] for one in rows["r3"]["message"]["content"]] == ["thinking", "text", "text"]
    stored = dict(JobOutput.objects.values_list("job__input__reference", "result"))
    assert stored == {custom_id: row["message"] for custom_id, row in rows.items()}
    assert emulator.stats()["rows_billed"] == LedgerEntry.objects.count() == len(marks)
    assert not JobAttempt.objects.exists()


def test_params_reach_anthropic_as_they_were(program: Program, emulator: Emulator) -> None:
    """An answer by rules that only these params have: nothing is added, and nothing is left out."""
    kept = {"type": "ephemeral", "ttl": "1h"}
    system = [{"type": "text", "text": "Be brief. " * 1_000, "cache_control": kept}]
    schema = {
        "type": "object",
        "properties": {"category": {"type": "string", "enum": ["hail", "fire"]}},
        "required": ["category"],
        "additionalProperties": False,
    }
    form = {"format": {"type": "json_schema", "schema": schema}}
    params = asking("Hail is covered.", system=system, output_config=form, stop_sequences=["}"])
    name = program.create([{"custom_id": "a", "params": params}]).json()["id"]
    bring_back()
    message = program.rows(name)["a"]["message"]
    assert message["usage"]["cache_creation_input_tokens"] > 1_000
    assert message["content"][0]["text"].startswith('{"category":"')
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "}")


def test_what_anthropic_refuses_is_told_in_its_words(program: Program, emulator: Emulator) -> None:
    requests = [{"custom_id": "a", "params": asking("Hail.", temperature=0.5)}]
    name = program.create(requests).json()["id"]
    bring_back()
    said = "temperature: This parameter is not supported by this model"
    assert program.rows(name)["a"] == {
        "type": "errored",
        "error": {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": said},
            "request_id": None,
        },
    }
    assert program.read(name).json()["request_counts"]["errored"] == 1
    assert not LedgerEntry.objects.exists()


def test_what_expires_is_asked_again_before_it_counts_as_that(
    program: Program, emulator: Emulator
) -> None:
    texts = ["[[emulate:expired:2]]", "[[emulate:expired]]"]
    name = program.create(requests_of(*texts)).json()["id"]
    bring_back(rounds=6)
    counts = program.read(name).json()["request_counts"]
    assert (counts["succeeded"], counts["expired"], counts["errored"]) == (1, 1, 0)
    rows = program.rows(name)
    assert (rows["r0"]["type"], rows["r1"]) == ("succeeded", {"type": "expired"})


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("overloaded_error", "overloaded_error"),
        ("billing_error", "billing_error"),
        ("in_doubt", "api_error"),
        ("results_expired", "api_error"),
    ],
)
def test_an_error_of_ours_is_one_of_the_api(program: Program, kind: str, told: str) -> None:
    name = program.create(requests_of("Hail.")).json()["id"]
    job = AIJob.objects.get()
    AIJob.objects.update(status="failed", finished_at=NOW, attempts=1)
    JobAttempt.objects.create(
        job=job, number=1, route="batch", error_type=kind, message="Why.", ended_at=NOW
    )
    error = program.rows(name)["r0"]["error"]["error"]
    assert error == {"type": told, "message": "Why."}


def test_results_that_are_no_longer_kept_are_gone(program: Program, settings: object) -> None:
    name = program.create(requests_of("Hail.", "Fire.")).json()["id"]
    AIJob.objects.update(status="canceled", finished_at=NOW)
    sweep.run(timezone.now())
    settings.AIJOBS_KEEP_JOBS_DAYS = 1  # type: ignore[attr-defined]
    young = AIJob.objects.latest("pk")
    AIJob.objects.filter(pk=young.pk).update(finished_at=timezone.now() + timedelta(days=9))
    sweep.run(timezone.now() + timedelta(days=3))
    answer = program.read(name).json()
    assert answer["processing_status"] == "ended"
    assert answer["archived_at"]
    assert answer["results_url"] is None
    assert program.read(name, "/results").status_code == 404


def test_people_see_messages_as_text(program: Program) -> None:
    name = program.create(requests_of(f"Say {MARKUP}")).json()["id"]
    job = AIJob.objects.get()
    AIJob.objects.update(status="completed", finished_at=NOW)
    content = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": f"**Hail** {MARKUP}"},
        {"type": MARKUP},
    ]
    message = {"id": "msg_1", "content": content, "stop_reason": MARKUP}
    JobOutput.objects.create(job=job, result=message, model="m", stop_reason="end_turn")
    make_user("ann", program.tenant)
    browser = Client()
    browser.login(username="ann", password="ann")
    collection = Collection.objects.get()
    for page in (f"/jobs/{job.pk}", f"/collections/{collection.pk}", "/", "/collections/"):
        html = browser.get(page).content.decode()
        assert MARKUP not in html
    shown = browser.get(f"/jobs/{job.pk}").content.decode()
    assert "**Hail** &lt;script&gt;" in shown
    assert "<code>thinking</code>" in shown
    assert json.loads(browser.get(f"/jobs/{job.pk}/result").content) == message

    machine = Client(headers={"authorization": f"Bearer {make_key(program.tenant)}"})
    path = f"/api/ai/collections/{collection.pk}/results"
    as_csv = b"".join(machine.get(path, {"as": "csv"})).decode()
    [line] = csv.DictReader(io.StringIO(as_csv))
    assert (line["reference"], line["text"]) == ("r0", f"**Hail** {MARKUP}")
    book = load_workbook(io.BytesIO(b"".join(machine.get(path, {"as": "xlsx"}))))
    header, row = book["Results"].iter_rows(values_only=True)
    assert dict(zip(header, row, strict=True))["text"] == f"**Hail** {MARKUP}"
    [row] = [json.loads(one) for one in b"".join(machine.get(path)).splitlines()]
    assert row["result"] == message
    assert program.rows(name)["r0"]["message"] == message
