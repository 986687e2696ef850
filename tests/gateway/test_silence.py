"""No text of a document stands in an exception or a log, however a call fails."""

import logging
import traceback
from collections.abc import Callable
from io import BytesIO
from typing import Any

import orjson
import pytest

from aijobs import gateway
from tests.ground import Emulator

SECRET = "the insured is called Rumpelstiltskin"
PARAMS: dict[str, Any] = {
    "model": "claude-haiku-5-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": SECRET}],
}
BODY = orjson.dumps({"requests": [{"custom_id": "one", "params": PARAMS}]})
CALLS: dict[str, Callable[[], object]] = {
    "create": lambda: gateway.create_batch(BytesIO(BODY)),
    "message": lambda: gateway.create_message(PARAMS),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "drop"},
        {"fault": "html"},
        {"fault": "status", "status": 400},
        {"fault": "status", "status": 500},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_a_failed_call_keeps_the_document_to_itself(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, call: str, fault: dict[str, Any]
) -> None:
    caplog.set_level(logging.INFO)
    emulator.order(call, **fault)
    with pytest.raises(gateway.GatewayError) as failed:
        CALLS[call]()
    # The chain of causes is what an error report walks along.
    report = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
    assert "Rumpelstiltskin" not in report + caplog.text


def test_a_request_that_is_refused_keeps_the_document_to_itself(emulator: Emulator) -> None:
    with pytest.raises(gateway.Refused) as refused:
        gateway.create_message(PARAMS | {"max_tokens": -1})
    assert "Rumpelstiltskin" not in "".join(traceback.format_exception(refused.value))
