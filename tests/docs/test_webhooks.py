"""What docs/webhooks.md shows is what is sent, and its code takes it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from aijobs.api.webhook_events import BODIES
from aijobs.models import EventType
from aijobs.webhooks import outbox, signatures
from tests.docs.test_documents import read

GUIDE = read("docs/webhooks.md")
EXAMPLES = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
[CODE] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_body_as_openapi_describes_it(example: str) -> None:
    BODIES[json.loads(example)["type"]].model_validate_json(example)


@pytest.mark.parametrize("kind", [*EventType.values, "webhook.test"])
def test_each_event_has_its_row(kind: str) -> None:
    assert f"| `{kind}` |" in GUIDE


def test_the_code_takes_what_is_ours_once_and_nothing_else() -> None:
    queue: list[Any] = []
    known: set[str] = set()
    world: dict[str, Any] = {"is_known": known.__contains__, "put_into_your_queue": queue.append}
    exec(CODE, world)
    secret, body = signatures.new_secret(), b'{"type": "webhook.test"}'
    headers = signatures.headers("msg_1", body, [secret], datetime.now(UTC))
    assert world["handle"](body, headers, secret) == 204
    assert queue == [{"type": "webhook.test"}]
    known.add("msg_1")
    assert world["handle"](body, headers, secret) == 204
    assert len(queue) == 1
    assert world["handle"](body + b" ", headers, secret) == 401
    assert world["handle"](body, headers, signatures.new_secret()) == 401


def test_the_pauses_are_those_of_the_code() -> None:
    hours = [round(one.total_seconds() / 3_600) for one in outbox.PAUSES[4:]]
    assert [one.total_seconds() for one in outbox.PAUSES[:4]] == [5, 60, 300, 1_800]
    assert f"{', '.join(map(str, hours[:-1]))} and {hours[-1]} hours" in " ".join(GUIDE.split())
