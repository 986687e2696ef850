"""Jobs, batches, collections and charges: their shape, their moves, their constraints.

A status changes only through a `mark_…` method: one conditional UPDATE that reports whether
it moved anything. Stages that move thousands of rows at once do the same in one statement.
"""

from aijobs.models.batches import Batch
from aijobs.models.fields import dump_json, ids_from, new_id
from aijobs.models.forecast import Forecast, expected_end
from aijobs.models.idempotency import IdempotencyKey
from aijobs.models.heartbeats import Heartbeat
from aijobs.models.jobs import AIJob, Collection, JobAttempt, JobInput, JobOutput
from aijobs.models.ledger import LedgerEntry

__all__ = [
    "AIJob",
    "Batch",
    "Collection",
    "Forecast",
    "IdempotencyKey",
    "JobAttempt",
    "JobInput",
    "Heartbeat",
    "JobOutput",
    "LedgerEntry",
    "dump_json",
    "expected_end",
    "ids_from",
    "new_id",
]
