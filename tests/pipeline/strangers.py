"""Batches at the emulator that are none of ours, and submissions that get lost."""

from datetime import datetime, timedelta
from io import BytesIO

import orjson

from aijobs import gateway
from aijobs.models import Batch
from aijobs.pipeline import dispatch, reconcile
from tests.ground import Emulator
from tests.pipeline.steps import at, put_together

GRACE = timedelta(minutes=10)


def make_stranger(requests: int = 1) -> str:
    """Somebody else with the same key makes a batch; returns its id."""
    return make_batch(*(f"theirs{n}" for n in range(requests)))


def make_batch(*custom_ids: str) -> str:
    """A batch at the emulator, made by nobody's hand; returns its id."""
    params = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hail?"}]}
    body = {"requests": [{"custom_id": one, "params": params} for one in custom_ids]}
    return gateway.create_batch(BytesIO(orjson.dumps(body))).id


def send_into_doubt(emulator: Emulator, now: datetime, *, made: bool) -> Batch:
    """What waits, sent so that nobody knows whether Anthropic has it."""
    emulator.order("create", "drop", when="after" if made else "before")
    batch = put_together(now)
    assert dispatch.run(now, at(now)) == 0
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"
    return batch


def lose(emulator: Emulator, now: datetime) -> Batch:
    """Anthropic has it, and its list does not show it for longer than the grace lasts."""
    batch = send_into_doubt(emulator, now, made=True)
    emulator.order("list", "lag", seconds=3_600, times=0)
    assert reconcile.run(now + GRACE * 2) == 1
    batch.refresh_from_db()
    assert batch.status == "assembled"
    return batch
