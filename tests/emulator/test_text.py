import json

import pytest
from anthropic import Anthropic

from tests.emulator.requests import call, create
from tests.ground import Emulator


@pytest.mark.parametrize(
    "sentence",
    [
        "The party 🎉 must not end before midnight 👩‍👩‍👧.",
        "The line\u2028separator and the\u2029paragraph separator stand here.",
        "يجب على المستأجر دفع الإيجار في أول كل شهر.",
        "承租人应当按月支付租金。",
        'A tab\there, a \\ backslash and a "quote" stay what they are.',
    ],
)
def test_any_script_comes_back_on_one_line(
    emulator: Emulator, client: Anthropic, sentence: str
) -> None:
    batch = create(client, sentence)
    client.messages.batches.retrieve(batch.id)
    body = call(emulator, "GET", f"/v1/messages/batches/{batch.id}/results")[1]
    assert body.count(b"\n") == 1
    text = json.loads(body)["result"]["message"]["content"][0]["text"]
    assert sentence.replace("\t", " ") in text


def test_a_line_separator_is_sent_raw_as_the_api_sends_it(
    emulator: Emulator, client: Anthropic
) -> None:
    batch = create(client, "The line\u2028separator stands in this sentence.")
    client.messages.batches.retrieve(batch.id)
    rows = call(emulator, "GET", f"/v1/messages/batches/{batch.id}/results")[1]
    assert "The line\u2028separator".encode() in rows


def test_a_lone_surrogate_is_read_as_a_replacement_character(
    emulator: Emulator, client: Anthropic
) -> None:
    document = b"The cut off emoji \\ud83d stands in this sentence."
    body = (
        b'{"requests":[{"custom_id":"one","params":{"model":"claude-haiku-5-5","max_tokens":99,'
        b'"messages":[{"role":"user","content":"' + document + b'"}]}}]}'
    )
    status, answer = call(emulator, "POST", "/v1/messages/batches", body)
    assert status == 200
    client.messages.batches.retrieve(json.loads(answer)["id"])
    path = f"/v1/messages/batches/{json.loads(answer)['id']}/results"
    text = json.loads(call(emulator, "GET", path)[1])["result"]["message"]["content"][0]["text"]
    assert "The cut off emoji \ufffd stands in this sentence." in text
